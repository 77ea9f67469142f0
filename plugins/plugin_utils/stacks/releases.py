"""Decide about releases: which one to go back to, what keeps one from being deployed, and what old ones leave behind.

A release is a deploy that converged. Its record in the swarm holds the stack file as applied, which names the images of
the site's registry by digest, and configs and secrets by their objects; so the file is all that is needed to have the
release again. (An image of another registry is what its reference leads to.)
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import yaml

from ...module_utils.observation.host import LocalImage
from ...module_utils.observation.stack import Release
from ...module_utils.releases import DATA_LABEL, STACK_LABEL
from ..model.problem import Code, Problem, ProblemError
from ..model.site import Image
from .file import StackFile, parse
from .text import for_docker

# Releases that the swarm's record keeps, and with them their images, configs and secrets.
KEPT = 5
# By the name of a secret in the stack file: where its value from before a rotation goes, see `steps`.
PREVIOUS = "_previous"
# By the name of a secret's object: what tells its values apart, see ``secrets``.
DIGITS = re.compile(r"_[0-9a-f]{12}$")

History = Sequence[Release]


def digest(file: StackFile, generated: Collection[str] = ()) -> str:
    """Digest a stack file as applied.

    :param generated: secrets of it whose object is of no account, see ``secrets.generated_secrets``
    """
    secrets = {
        name: {**secret, "name": ""} if name in generated else secret
        for name, secret in (file.content.get("secrets") or {}).items()
    }
    content = {**file.content, **({"secrets": secrets} if secrets else {})}
    return hashlib.sha256(yaml.safe_dump(content, sort_keys=False).encode()).hexdigest()


def choose(history: History, number: int, objects: Collection[str]) -> Release:
    """Find the release to go back to.

    The previous one is older than what runs now and differs from it. After a rollback that means older than the release
    that was rolled back to, so that asking again goes further back and never to what was left.

    :param history: oldest first
    :param number: number of the release, ``0`` for the previous one
    :param objects: names of the configs and secrets that the swarm has
    :raise ProblemError: there is none, or it needs a config or secret that is gone
    """
    if not history:
        raise _unknown("no record of a release in the swarm", "at least one", "Deploy one with site.yml")
    now = history[-1]
    known = ", ".join(str(release.number) for release in history)
    if number:
        found = [release for release in history if release.number == number]
        what = f"release {number}"
    else:
        before = now.rollback_to or now.number
        found = [release for release in history if release.number < before and release.file != now.file]
        what = f"release before {before} that differs from it"
    if not found:
        raise _unknown(f"no {what}", f"one of {known}", "Name one with -e stack_release=N")
    missing = sorted(parse(found[-1].file).names("secrets", "configs") - set(objects))
    if missing:
        raise ProblemError(
            Problem(
                code=Code.RELEASE_INCOMPLETE,
                where="stack_release",
                found=f"release {found[-1].number}, which needs {', '.join(missing)}",
                expected="a release whose secrets and configs the swarm still has",
                fix=f"Name another of {known} with -e stack_release=N",
            )
        )
    return found[-1]


def _unknown(found: str, expected: str, fix: str) -> ProblemError:
    return ProblemError(
        Problem(code=Code.RELEASE_UNKNOWN, where="stack_release", found=found, expected=expected, fix=fix)
    )


def left_behind(
    history: History, target: Release, generated: Collection[str], begun: StackFile | None = None
) -> tuple[str, ...]:
    """List the digests of the files that a rollback leaves: what runs now, and what earlier rollbacks left.

    Going back across a rotation changes which object the inventory's stack file names for a generated secret. It is
    still what was left, so the digests take no account of that.

    :param target: the release that is gone back to
    :param generated: see ``digest``
    :param begun: stack file of a deploy that was begun and not recorded, so that it runs in part
    """
    now = history[-1]
    running = [digest(file, generated) for file in (parse(now.file), begun) if file]
    left = dict.fromkeys([*now.rolled_back, *running])
    return tuple(one for one in left if one != digest(parse(target.file), generated))


def is_pinned(history: History, definition: StackFile, generated: Collection[str]) -> bool:
    """Tell whether a stack file is one that was rolled back from, and so must not come back by itself."""
    return bool(history) and digest(definition, generated) in history[-1].rolled_back


def is_new(release: Mapping[str, Any], specs: Mapping[str, object], previous: Mapping[str, Any]) -> bool:
    """Tell whether what was deployed is a new release.

    One that changed neither the stack file nor what came of it is none, unless it is a rollback that leaves more than
    was left before.

    :param release: as in ``planner.arguments.Release``
    :param specs: of the services as they are now
    :param previous: as in ``release_plan.Previous``
    """
    more = {*release["rolled_back"]} - {*previous["rolled_back"]}
    return bool(release["file"] != previous["file"] or specs != previous["specs"] or more)


def steps(
    definition: str,
    before: str,
    allow_empty: Iterable[str] = (),
    mounted: Collection[str] = (),
    republished: Collection[str] = (),
    stack: str = "",
) -> list[str]:
    """List the stack files to apply one after another, the desired one last, as Docker reads them.

    Each service gets a label of flotilla's, by which one that others deployed is known even before the first release.

    A service with the label ``flotilla.data`` begins without data only while that is ``new``. For a service that may
    begin without data it is so in the first step; the second one, which restarts nothing, ends that.

    While a secret is rotated, tasks with the new and with the old value run side by side. A stack file that mounts
    ``X_previous`` beside secret ``X`` says that its service takes both values: a first step then mounts the old value
    there, and only when every task has the new one a second step takes it away. At other times nothing is mounted
    there: ``docker stack deploy`` puts two mounts of one object in an order of chance, and so would restart the
    service's tasks at every other deploy.

    A service whose published ports change is stopped by the first step: while tasks with the old and the new ports run
    side by side, nodes fail to set the new ones up, and in the end neither port answers
    (https://github.com/moby/moby/pull/51657).

    :param definition: rendered stack file
    :param before: the one that is applied now, ``""`` when there is none
    :param allow_empty: names of services that may begin without data
    :param mounted: names of the secrets' objects that services mount now; after a deploy that did not end they are
        others than those of ``before``
    :param republished: names of services whose ports are others now than in ``before``
    :param stack: its name
    :return: one or two
    """
    desired, old = parse(definition), parse(before) if before else None
    first = copy.deepcopy(dict(desired.content))
    for name in moved(desired, old, republished):
        first["services"][name].setdefault("deploy", {})["replicas"] = 0
    _mount_both(first.get("secrets") or {}, old, mounted)
    for name in allow_empty:
        labels = (first["services"][name].get("deploy") or {}).get("labels") or {}
        if DATA_LABEL in labels:
            labels[DATA_LABEL] = "new"
    contents = [desired.content] if first == desired.content else [first, desired.content]
    return [for_docker(_labelled(without_idle(content), stack)) for content in contents]


def _labelled(content: Mapping[str, Any], stack: str) -> Mapping[str, Any]:
    """Label each service as the stack's.

    :param stack: ``""`` for no label
    """
    for service in content["services"].values() if stack else ():
        deploy = service.setdefault("deploy", {})
        deploy["labels"] = {**(deploy.get("labels") or {}), STACK_LABEL: stack}
    return content


def _mount_both(secrets: dict[str, Any], old: StackFile | None, mounted: Collection[str]) -> None:
    """Let ``X_previous`` of a step be another value of secret ``X`` than the new one, where there is one."""
    before = old.section("secrets") if old else {}
    for name in secrets:
        previous = f"{name}{PREVIOUS}"
        if previous in secrets:
            values = [before.get(name, secrets[name]), *_values_of(secrets[name], mounted)]
            secrets[previous] = next((value for value in values if value != secrets[name]), secrets[previous])


def _values_of(secret: Mapping[str, Any], mounted: Collection[str]) -> list[dict[str, Any]]:
    """List the values of a secret that are mounted, as entries of a stack file."""
    own = DIGITS.sub("", secret["name"])
    return [{**secret, "name": key} for key in mounted if DIGITS.sub("", key) == own]


def moved(definition: StackFile, before: StackFile | None, republished: Collection[str] = ()) -> list[str]:
    """List the services whose published ports change, and that can be stopped by their number of replicas.

    :param before: see ``steps``, as ``republished``
    """
    old = before.services if before else {}
    return [
        name
        for name, service in definition.services.items()
        if (name in republished or (name in old and old[name].ports != service.ports)) and not service.is_global
    ]


def without_idle(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave each ``X_previous`` out of a stack file that is the same as ``X``."""
    content = copy.deepcopy(dict(content))
    secrets = content.get("secrets") or {}
    idle = [f"{name}{PREVIOUS}" for name in secrets if secrets.get(f"{name}{PREVIOUS}") == secrets[name]]
    for name in idle:
        del secrets[name]
    for service in (content.get("services") or {}).values():
        mounts = service.get("secrets") or []
        mounts[:] = [mount for mount in mounts if (mount["source"] if isinstance(mount, dict) else mount) not in idle]
    return content


def kept_files(history: History, definition: StackFile) -> tuple[StackFile, ...]:
    """List the stack files whose images, configs and secrets stay once a definition runs."""
    files = [parse(release.file) for release in history]
    if not files or files[-1].text != definition.text:
        files.append(definition)
    return tuple(files[-KEPT:])


def old_objects(kept: Iterable[StackFile], objects: Iterable[str], in_use: Collection[str]) -> list[str]:
    """Find flotilla's configs and secrets that nothing needs any more.

    :param kept: see ``kept_files``
    :param objects: names of the stack's configs or secrets that flotilla made
    :param in_use: names of those that services mount, or that stay though no stack file names them
    """
    needed = set(in_use).union(*(file.names("secrets", "configs") for file in kept))
    return sorted(set(objects) - needed)


def needed_images(kept: Iterable[StackFile], site_images: Iterable[Image]) -> set[str]:
    """Collect the references of images that releases or the site need.

    :param kept: see ``kept_files``
    """
    return {image.reference for image in site_images}.union(*(file.images for file in kept))


def old_images(needed: set[str], repositories: set[str], local: Iterable[LocalImage]) -> list[LocalImage]:
    """Find a host's images that flotilla made for releases that are gone.

    :param needed: see ``needed_images``
    :param repositories: of the site's images
    """
    return [
        image
        for image in local
        if not image.used
        and needed.isdisjoint(image.names)
        and all(_repository(name) in repositories for name in image.names)
    ]


def _repository(name: str) -> str:
    """Take ``host:port/path`` from ``host:port/path@digest`` or ``host:port/path:tag``."""
    return name.split("@")[0] if "@" in name else name.rsplit(":", 1)[0]
