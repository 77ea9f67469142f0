"""Take over a stack that runs already: what is the same keeps its tasks, and what would differ is told before.

A stack is taken over if a service of it runs that flotilla has not deployed: the swarm has no release of the stack,
and the service has no label of flotilla's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ...module_utils.observation.rehearsal import Rehearsal
from ...module_utils.observation.service import Service
from ...module_utils.observation.stack import Stack
from ...module_utils.releases import STACK_LABEL
from ..model.problem import Code, Problem
from ..model.site import Image
from .file import StackFile, make, parse
from .placement import Candidate, fits
from .specs import PLACEMENT, Difference, compare


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What taking over changes of a service.

    :ivar text: what is done to it
    :ivar asks: whether the user must accept it: a field of what runs changes, or a service comes or goes
    """

    service: str
    text: str
    asks: bool
    differences: tuple[Difference, ...] = ()

    def __str__(self) -> str:
        """Say it, with each field that changes."""
        fields = "; ".join(map(str, self.differences))
        return f"{self.text} ({fields})" if fields else self.text


def foreign(running: Stack) -> dict[str, Service]:
    """Return the services that run and that flotilla has not deployed."""
    if running.record:
        return {}
    return {name: service for name, service in running.services.items() if STACK_LABEL not in service.labels}


def judge(running: Stack, rehearsal: Rehearsal, nodes: Sequence[Candidate]) -> tuple[Adoption, ...]:
    """Say for each service what taking over changes.

    :param rehearsal: what the deploy would make
    :param nodes: as they will be when the stack is deployed
    """
    return tuple(_judge(running, rehearsal, nodes))


def _judge(running: Stack, rehearsal: Rehearsal, nodes: Sequence[Candidate]) -> Iterator[Adoption]:
    for name in sorted(running.services.keys() | rehearsal.specs.keys()):
        if name not in rehearsal.specs:
            text = f"remove service {name}, which runs and which the Compose files do not have"
            yield Adoption(service=name, text=text, asks=True)
        elif name not in running.services:
            yield Adoption(service=name, text=f"start service {name}, which does not run yet", asks=True)
        else:
            yield _take_over(name, running.services[name], rehearsal, nodes)


def _take_over(name: str, service: Service, rehearsal: Rehearsal, nodes: Sequence[Candidate]) -> Adoption:
    then = replace(service, spec=rehearsal.specs[name])
    differences = compare(service.spec, then.spec, rehearsal.networks)
    stays = _fits(then, nodes)
    replaces = any(each.replaces and not (each.key == PLACEMENT and stays) for each in differences)
    resizes = any(each.key in ("deploy.mode", "deploy.replicas") for each in differences)
    what = "and replace its tasks" if replaces else "with another number of tasks" if resizes else "as it runs"
    return Adoption(
        service=name,
        text=f"take over service {name} {what}",
        asks=replaces or resizes,
        differences=tuple(differences),
    )


def _fits(service: Service, nodes: Sequence[Candidate]) -> bool:
    """Tell whether the tasks of a service may stay where they are."""
    by_id = {node.id: node for node in nodes}
    homes = [by_id.get(task.node) for task in service.tasks if task.desired == "running"]
    return all(home and fits(service.constraints, home) for home in homes)


def republished(running: Stack, rehearsal: Rehearsal) -> tuple[str, ...]:
    """List the services whose published ports change."""
    return tuple(
        name
        for name, service in running.services.items()
        if name in rehearsal.specs
        and any(each.key == "ports" for each in compare(service.spec, rehearsal.specs[name], rehearsal.networks))
    )


def differs(stack: str, adoption: Adoption) -> Problem:
    """Describe a service that the user must accept to be changed."""
    return Problem(
        code=Code.STACK_DIFFERS,
        where=f".files: services.{adoption.service}",
        found=f"the stack runs, not deployed by flotilla, and a deploy would {adoption}",
        expected="Compose files that say what runs, or your word",
        fix=f"Correct the Compose files, or deploy them all the same: -e stack_adopt={stack}",
    )


def refused(rehearsal: Rehearsal) -> Problem:
    """Describe a stack file that the engine's command refuses."""
    return Problem(
        code=Code.STACK_FILE_INVALID,
        where=".files",
        found=f"the answer of docker stack deploy: {rehearsal.error}",
        expected="a stack file that it takes",
        fix="Correct what it names",
    )


def pin_images(file: StackFile, rendered: StackFile, running: Stack, images: Sequence[Image]) -> StackFile:
    """Keep for each service the image that it ran when it was taken over, for as long as the file names that image.

    :param file: the same as ``rendered``, with variables for the images that the site makes available
    :param images: of the site
    """
    names = {f"${{{image.variable}}}": image.name for image in images if image.kind != "build"}
    named = {name: names.get(service.image, service.image) for name, service in file.services.items()}
    there = _there(running)
    kept = {
        name: there[name]
        for name, image in named.items()
        if name in there and there[name].startswith(f"{_with_tag(image)}@") and there[name] != image
    }
    if not kept:
        return rendered
    services = {name: dict(service.fields) for name, service in rendered.services.items()}
    pinned = {name: {**fields, "image": kept.get(name, fields.get("image"))} for name, fields in services.items()}
    return make({**rendered.content, "services": pinned})


def _there(running: Stack) -> dict[str, str]:
    """Return by service the image that it has: by the last release, or as it runs where there is none yet.

    That is so while a stack is taken over, and after a first deploy that failed and has labelled the services already.
    """
    if running.record:
        return {name: service.image for name, service in parse(running.record.file).services.items()}
    return {name: service.image for name, service in running.services.items()}


def _with_tag(image: str) -> str:
    """Name an image as the engine does, which calls the newest one so."""
    return image if ":" in image.rpartition("/")[2] else f"{image}:latest"
