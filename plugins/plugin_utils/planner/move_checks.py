"""Find what a move is about, and say what forbids it before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ...module_utils.observation.swarm import Node
from ..images import pulls
from ..model.problem import Code, Problem, ProblemError
from ..stacks.file import VOLUME_PREFIX, parse
from ..stacks.placement import fits, of_node
from ..stacks.volume_moves import HeldService, held_services, holders, is_old, is_remainder, together
from .moves import node_of, nodes
from .situation import Situation

# MiB that stay free on each disk that a copy passes.
SPARE_MIB = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A move.

    :ivar volumes: names of all that move
    :ivar services: that they hold
    :ivar source: inventory name of the host that has the data, which may be the target already
    """

    volumes: tuple[str, ...]
    services: tuple[HeldService, ...]
    source: str
    source_node: Node
    target: str
    target_node: Node

    @property
    def copies(self) -> bool:
        """Tell whether the data is still to go there."""
        return self.source != self.target

    @property
    def sizes(self) -> dict[str, int]:
        """Return the number of tasks by service."""
        return {each.full_name: each.size for each in self.services}

    @property
    def running(self) -> tuple[str, ...]:
        """Return the services that are not stopped; one that is must not be touched, as it would tell a later time."""
        return tuple(each.full_name for each in self.services if each.live.size)

    @property
    def since(self) -> int:
        """Return when a run that was cut short stopped the services, in seconds since 1970; ``0`` if they run."""
        return min((each.stopped for each in self.services if each.stopped), default=0)


def find_job(now: Situation) -> Job:
    """Find what moves, from where and to where.

    :raise ProblemError: that cannot be told
    """
    asked = now.site.move
    services = tuple(held_services(now.site.stacks, next(iter(now.answering.values())).stacks or {}))
    _check_request(now, services)
    volumes = together(services, asked.volume)
    source, source_node = _find_source(now, volumes)
    return Job(
        volumes=volumes,
        services=tuple(each for each in services if {*each.volumes} & {*volumes}),
        source=source,
        source_node=source_node,
        target=asked.to,
        target_node=_find_target(now),
    )


def check(now: Situation, job: Job) -> Iterator[Problem]:
    """Say what forbids a move whose source and target are there."""
    if job.target_node.state != "ready":
        yield _impossible(f"a node that is {job.target_node.state}", "one that is ready", "Bring it back", job.target)
    availability, desired = job.target_node.availability, now.desired(job.target).member.availability
    for found, fix in (
        (availability, "Run site.yml, which makes it active"),
        (desired or "active", "Take swarm_availability from its entry in the inventory, and run site.yml"),
    ):
        if found != "active":
            yield _impossible(f"availability {found}", "active, as services are to run there", fix, job.target)
            break
    if job.copies:
        yield from _misfits(job)
        yield from _data(now, job)
        yield from _room(now, job)


def missing_images(now: Situation, job: Job) -> tuple[str, ...]:
    """List the images that the target lacks, of those that are in the site's registry."""
    pins = {f"{VOLUME_PREFIX}{volume}": "true" for volume in job.volumes}
    node = of_node(replace(job.target_node, labels={**job.target_node.labels, **pins}))
    local = {node.name: now.observed[job.target].local_images}
    services = [each.service for each in job.services]
    return tuple(pulls.missing_images(now.site.registry.url.images, services, [node], local)[node.name])


def _check_request(now: Situation, services: Sequence[HeldService]) -> None:
    """Check what was asked for.

    :raise ProblemError: a name is missing, or there is nothing of that name
    """
    asked, known = now.site.move, sorted({name for each in services for name in each.volumes})
    volumes = f"a volume that flotilla holds on one node: {', '.join(known) or 'there is none'}"
    _check_name("volume", asked.volume, known, f"{volumes}", _elsewhere(now, asked.volume))
    _check_name("to", asked.to, now.site.members, f"a host of the inventory: {', '.join(now.site.members)}", "")


def _check_name(setting: str, found: str, known: Sequence[str], expected: str, more: str) -> None:
    if not found:
        fix = f"Add -e {setting}=..."
        raise ProblemError(
            Problem(code=Code.SETTING_MISSING, where=setting, found="no name", expected=expected, fix=fix)
        )
    if found not in known:
        problem = Problem(
            code=Code.SETTING_INVALID,
            where=setting,
            found=f"{found}{more}",
            expected=expected,
            fix=f"Correct -e {setting}=...",
        )
        raise ProblemError(problem)


def _elsewhere(now: Situation, volume: str) -> str:
    """Say why a volume of a stack is held nowhere, ``""`` for one that no stack has."""
    for stack in now.site.stacks:
        file = parse(stack.text)
        if volume in (file.volume_name(stack.name, key) for key in file.section("volumes")):
            return ", which is on no single node: nodes share it or have their own, or it is not deployed yet"
    return ""


def _find_source(now: Situation, volumes: Sequence[str]) -> tuple[str, Node]:
    """Find the host that has the data.

    :raise ProblemError: there is not exactly one, or it could not be reached
    """
    there = {volume: holders(nodes(now), volume) for volume in volumes}
    found = {node for each in there.values() for node in each}
    if len(found) != 1 or not all(there.values()):
        said = "; ".join(f"{len(each)} with {volume}" for volume, each in there.items())
        labels = ", ".join(f"{VOLUME_PREFIX}{volume}" for volume in volumes)
        raise ProblemError(
            _impossible(f"nodes: {said} (labels {labels})", "one node with all of them", "Run site.yml, which says why")
        )
    for name, observed in now.observed.items():
        node = node_of(now, name)
        if node and observed.swarm.node_id in found:
            return name, node
    hostname = next((node.hostname for node in nodes(now) if node.id in found), "a node that is gone")
    fix = "Bring it back, or run site.yml, which says what is missing"
    raise ProblemError(_impossible(f"no answer of {hostname}, which has the data", "that host", fix))


def _find_target(now: Situation) -> Node:
    """Return the node that the target is.

    :raise ProblemError: it is none, or could not be reached
    """
    name = now.site.move.to
    if name not in now.observed:
        raise ProblemError(_impossible("a host that could not be reached", "an answer of it", "Bring it back", name))
    node = node_of(now, name)
    if not node:
        fix = "Run site.yml, which lets it join"
        raise ProblemError(_impossible("a host that is no node of this swarm", "a node", fix, name))
    return node


def _misfits(job: Job) -> Iterator[Problem]:
    for each in job.services:
        if not fits(each.other_constraints, of_node(job.target_node)):
            yield _impossible(
                f"a node that the constraints of {each.full_name} exclude ({'; '.join(each.other_constraints)})",
                "a node that may run it",
                "Name another host, or label this one (swarm_node_labels)",
                job.target,
            )


def _data(now: Situation, job: Job) -> Iterator[Problem]:
    """Check that there is data to move, and none in its way that a move has not left."""
    source, target = now.observed[job.source], now.observed[job.target]
    for volume in job.volumes:
        if not source.has_data(volume):
            found, fix = f"no data in volume {volume}", "Run site.yml, which says what is missing"
            yield _impossible(found, "the data that is to move", fix, job.source)
        if not target.has_data(volume) or is_remainder(job.target_node, volume):
            continue
        if not is_old(job.target_node, volume):
            fix = f"Make sure that nobody needs it; then remove it there: docker volume rm {volume}"
            yield _impossible(f"data in volume {volume}", "none", fix, job.target)
        elif not now.site.move.remove_old:
            found = f"data in volume {volume}, an old copy that an earlier move left"
            yield _impossible(found, "none", "Add -e remove_old=true, which removes old copies", job.target)


def _room(now: Situation, job: Job) -> Iterator[Problem]:
    """Check the disks: archives go one after another, what is unpacked stays, and what is there already goes first."""
    sizes = [now.observed[job.source].volume_mib.get(volume, 0) for volume in job.volumes]
    source, target = (now.observed[name].system.disk_free_mib for name in (job.source, job.target))
    target += sum(now.observed[job.target].volume_mib.get(volume, 0) for volume in job.volumes)
    for where, hosts, free, needed in (
        ("/var", (job.source,), source, max(sizes)),
        ("/var", (job.target,), target, sum(sizes) + max(sizes)),
        (f"{now.site.move.folder} on the control node", (), now.site.move.free_mib, max(sizes)),
    ):
        if free < needed + SPARE_MIB:
            found = f"{free} MiB free at {where}"
            expected = f"{needed + SPARE_MIB} MiB, for volumes of {sum(sizes)} MiB"
            fix = "Make room there; a move that was cut short may have left flotilla-move.* in /var/tmp"
            yield _impossible(found, expected, fix, *hosts)


def _impossible(found: str, expected: str, fix: str, *hosts: str) -> Problem:
    return Problem(code=Code.MOVE_IMPOSSIBLE, hosts=hosts, found=found, expected=expected, fix=fix)
