"""Decide which images are made, and which digests are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..hosts import state
from ..images.names import own_digests, remembered
from ..model.change import Change
from ..model.desired import Role
from ..model.phase import Phase
from ..model.problem import Code, Problem
from ..model.site import Image
from .arguments.common import Nothing
from .arguments.image import MakeImages
from .result import HostPlan
from .situation import Situation


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """What is known of the site's images.

    :ivar known: digest by reference
    :ivar warnings: sentences about answers that nobody asked for
    """

    known: Mapping[str, str | None]
    warnings: tuple[str, ...]


def choose_digests(now: Situation) -> Digests:
    """Take the digests of the builder, for the images that it was asked for, and report all other answers.

    A digest decides what runs on every host, so no other host's word counts: whoever owns a worker owns that worker.
    """
    asked = {image.reference for image in now.site.images}
    answers = {
        name: {reference: digest for reference, digest in observed.images.items() if digest}
        for name, observed in now.observed.items()
    }
    unasked = {
        name: sorted(answer.keys() - (asked if name in now.site.builders else set()))
        for name, answer in answers.items()
    }
    told = {reference: digest for reference, digest in answers.get(now.builder, {}).items() if reference in asked}
    warnings = (_unasked(name, references) for name, references in unasked.items() if references)
    return Digests(known={**_remembered(now), **told}, warnings=tuple(warnings))


def _unasked(name: str, references: Sequence[str]) -> str:
    return (
        f"{name} answered with digests that it was not asked for ({', '.join(references)}); they are ignored. No part "
        f"of flotilla does that: find out who controls {name}"
    )


def _remembered(now: Situation) -> Mapping[str, str | None]:
    """Take digests from the store of a builder that cannot ask the registry now.

    Once it is logged in again it does, and makes what is missing. A rollback makes none; it only has to find out what
    the inventory describes.
    """
    there = now.is_served and not _is_fresh(now)
    if not now.builder or not now.observed[now.builder].login or not (there or not now.asks_registry):
        return {}
    return remembered([image.reference for image in now.site.images], now.observed[now.builder].local_images)


def _is_fresh(now: Situation) -> bool:
    """Tell whether the registry is to be installed, and so has no image yet, whatever an engine remembers."""
    host = now.site.registry.host
    return host in now.observed and bool(
        state.missing(now.desired(host).role("registry_server").packages, now.observed[host])
    )


def check_builder(now: Situation, missing: Sequence[Image]) -> Iterator[Problem]:
    """Images that are missing need a host that makes them."""
    if missing and not now.builder:
        yield Problem(
            code=Code.BUILDER_UNREACHABLE,
            hosts=now.site.builders,
            found=f"could not be reached to make {', '.join(image.reference for image in missing)}",
            expected="a host that makes images",
            fix="Bring it back, or name another host with image_builder",
        )


def check_replaced(now: Situation) -> Iterator[Problem]:
    """The registry has under a tag what the builder pushed: another image there is none that this site made."""
    if not now.builder or not now.asks_registry:
        return
    builder = now.observed[now.builder]
    for image in now.site.images:
        told, own = builder.images.get(image.reference), own_digests(image.reference, builder.local_images)
        if told and own and told not in own:
            yield Problem(
                code=Code.IMAGE_REPLACED,
                where=image.reference,
                hosts=(now.builder,),
                found=f"{told} in the registry",
                expected=f"{own[0]}, which {now.builder} made and pushed",
                fix="Find out who may change the registry's images; delete the tag there and run again, which makes it "
                f"again. If another builder of this site made it: docker image rm {image.reference} on {now.builder}",
            )


def builder_role(now: Situation, name: str) -> Role | None:
    """Return what a builder must have to make images; ``None`` on other hosts."""
    role = now.desired(name).roles.get("image")
    return Role(packages=(*role.packages, *now.engines[name].builder)) if role else None


def is_prepared(now: Situation, name: str, missing: Sequence[Image]) -> bool:
    """Tell whether a builder gets what it needs: only the preferred one does before there is something to build."""
    return now.is_served and name == now.builder and bool(missing or name == now.site.builders[0])


def plan_builder(now: Situation, name: str, missing: Sequence[Image]) -> HostPlan:
    """Prepare the builder, and let it make what is missing."""
    role = builder_role(now, name)
    if name != now.builder or not role or not is_prepared(now, name, missing):
        return HostPlan()
    changes = (
        *state.compare(role, now.observed[name]),
        *(Change(f"make {image.reference}") for image in missing),
    )
    if not changes:
        return HostPlan()
    make = MakeImages(
        packages=state.missing(role.packages, now.observed[name]),
        images=tuple(image.as_dict() for image in missing),
        architecture=now.observed[name].system.architecture,
    )
    base = replace(make, images=tuple(image.as_dict() for image in missing if image.kind == "distro"))
    return HostPlan(
        start_base_images=base if base.images else None,
        build_images=make,
        observe_images=Nothing() if missing else None,
        changes={Phase.BUILD_IMAGES: changes},
    )
