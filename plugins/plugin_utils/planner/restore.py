"""Plan the way back of a backup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..backup import folder
from ..backup.record import missing
from ..backup.volumes import EMPTY, HeldVolume
from ..images.names import own_digests
from ..model.change import Change
from ..model.phase import Phase
from ..model.problem import Code, Problem
from . import frame
from .arguments.backup import (
    CopiedVolume,
    CopyData,
    HoldingService,
    LoadData,
    LoadedStack,
    LoadImages,
    LoadReleases,
    StopData,
)
from .arguments.image import ForgetImages
from .backup import Places, find_places
from .result import HostPlan, Plan, merge
from .site import decide
from .situation import Situation


def plan_restore(now: Situation) -> Plan:
    """Bring a backup back into a site that runs, as far as the deploy that follows.

    What would stop that deploy stops the run before anything is changed; only the data may be missing still.
    """
    decided, site = decide(now), now.site
    if drafts := decided.stacks.drafts:
        return Plan(rehearse={decided.members.join_manager: drafts})
    problems = (*_other_stacks(now), *decided.problems)
    if problems:
        return Plan(problems=problems)
    stacks = [stack for stack in site.stacks if site.is_chosen(stack.name) and stack.name in site.backup.saved.stacks]
    places = find_places(now, stacks, [stack.name for stack in stacks])
    if isinstance(places, Problem):
        return Plan(problems=(places,))
    restored = [volume for volume in places.volumes if volume.name in site.backup.saved.volumes]
    hosts = {name: HostPlan() for name in now.hosts}
    for name in dict.fromkeys(volume.host for volume in restored):
        hosts[name] = _load_data(now, [volume for volume in restored if volume.host == name])
    if site.registry.host:
        hosts[site.registry.host] = merge(hosts[site.registry.host], _load_images(now))
        for name in site.builders:
            if name in now.observed:
                hosts[name] = merge(hosts[name], _forget_images(now, name))
    hosts[places.manager] = merge(hosts[places.manager], _load_releases(now, places), _stop_data(restored))
    return Plan(hosts=hosts, notes=(f"the backup was made at {site.backup.saved.at}", *_left_out(now, places)))


def _other_stacks(now: Situation) -> Iterator[Problem]:
    """Find what the run is about and the backup does not have."""
    saved = now.site.backup.saved.stacks
    names = [stack.name for stack in now.site.stacks if now.site.is_chosen(stack.name)]
    lacking = [name for name in now.site.chosen if name not in saved]
    if lacking or not {*names} & {*saved}:
        yield Problem(
            code=Code.BACKUP_OTHER_STACK,
            where="backup_from",
            found=f"{now.site.backup.source}, a backup of {' and '.join(saved) or 'no stack'}",
            expected=f"a backup of {' and '.join(lacking or names)}",
            fix="Name another folder, or other stacks: -e stack=NAME",
        )


def _left_out(now: Situation, places: Places) -> Iterator[str]:
    """Say what is in the backup and not restored."""
    given, held = now.site.backup.saved, {volume.name for volume in places.volumes}
    names = {stack.name for stack in places.stacks}
    yield from (f"the backup's stack {name} is left out" for name in given.stacks if name not in names)
    for volume, stack in given.volumes.items():
        if stack in names and volume not in held:
            yield f"the backup's volume {volume} is left out: no service of {stack} has it"


def _load_data(now: Situation, volumes: Sequence[HeldVolume]) -> HostPlan:
    source = now.site.backup.source
    return HostPlan(
        copy_data=CopyData(
            key=now.site.backup.key,
            volumes=tuple(
                CopiedVolume(source=f"{source}/{folder.data_file(volume.name)}", stack=volume.stack, volume=volume.name)
                for volume in volumes
            ),
        ),
        load_data=LoadData(volumes=tuple(volume.name for volume in volumes)),
        changes={
            Phase.LOAD_DATA: tuple(
                Change(f"replace the data of {volume.name} by that of {source}") for volume in volumes
            )
        },
    )


def _load_images(now: Situation) -> HostPlan:
    given = now.site.backup
    return HostPlan(
        load_images=LoadImages(source=f"{given.source}/{folder.IMAGES}", key=given.key),
        changes={Phase.LOAD_IMAGES: (Change(f"bring back the images of {given.source}"),)},
    )


def _forget_images(now: Situation, name: str) -> HostPlan:
    """Let a builder forget the images whose tags come back as the backup has them.

    Images made again of the same content have other digests. What a builder has and the registry has otherwise is taken
    for an image that somebody replaced, so it is forgotten before the registry has the other one.
    """
    local = now.observed[name].local_images
    references = tuple(image.reference for image in now.site.images if own_digests(image.reference, local))
    if not references:
        return HostPlan()
    change = Change("forget which images it made: the backup's come back under their names")
    return HostPlan(forget_images=ForgetImages(references=references), changes={Phase.FORGET_IMAGES: (change,)})


def _load_releases(now: Situation, places: Places) -> HostPlan:
    saved, running = now.site.backup.saved.stacks, places.observed.stacks or {}
    loaded = []
    for stack in places.stacks:
        lacks = missing(saved[stack.name], running.get(stack.name, EMPTY), stack.name, stack.secrets, stack.values)
        loaded.append(LoadedStack(stack=stack.name, remove=lacks.remove, configs=lacks.configs, secrets=lacks.secrets))
    names = ", ".join(stack.name for stack in places.stacks)
    return HostPlan(
        lock=frame.lock(now, places.manager),
        load_releases=LoadReleases(stacks=tuple(loaded)),
        changes={Phase.LOAD_RELEASES: (Change(f"bring back the releases of {names} of {now.site.backup.source}"),)},
    )


def _stop_data(volumes: Sequence[HeldVolume]) -> HostPlan:
    services = {service: volume.node for volume in volumes for service in volume.sizes}
    if not services:
        return HostPlan()
    return HostPlan(
        stop_data=StopData(
            services=tuple(HoldingService(service=service, node=node) for service, node in services.items())
        ),
        changes={Phase.STOP_DATA: (Change(f"stop {', '.join(services)} while data is replaced"),)},
    )
