"""Plan a backup of what cannot be made again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...module_utils.observation import Observed
from ..backup import folder
from ..backup.volumes import EMPTY, HeldVolume, held_volumes, impossible, running_stacks
from ..model.change import Change
from ..model.phase import Phase
from ..model.problem import Problem, ProblemError
from ..model.site import Site, Stack
from . import frame, gate
from .arguments.backup import BeginBackup, HoldingService, SaveData, SavedVolume, SaveImages, SaveReleases
from .arguments.common import Nothing
from .result import HostPlan, Plan, merge
from .situation import Situation, no_manager


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where data is that a backup is made of, and that a restore replaces.

    :ivar manager: inventory name of the one that answers for the swarm
    :ivar stacks: those that it is about, all of which run
    :ivar volumes: theirs
    """

    manager: str
    observed: Observed
    stacks: tuple[Stack, ...]
    volumes: tuple[HeldVolume, ...]


def find_places(now: Situation, stacks: Sequence[Stack], named: Sequence[str]) -> Places | Problem:
    """Find the hosts that a backup or a restore is about, and which it needs.

    :param stacks: those that it may be about
    :param named: names of those that must run
    :return: the problem where one of the hosts did not answer
    """
    if not now.answering:
        return no_manager(now)
    manager, observed = next(iter(now.answering.items()))
    registry = now.site.registry.host
    try:
        if registry in now.away:
            raise impossible(
                "the host that has the registry's images could not be reached", "an answer", "Bring it back", registry
            )
        running = running_stacks(stacks, observed, named)
        volumes = held_volumes(running, now.site.stacks, observed, now.members)
    except ProblemError as error:
        return error.problem
    return Places(manager=manager, observed=observed, stacks=running, volumes=volumes)


def plan_backup(now: Situation) -> Plan:
    """Let each host that has something save it.

    The services of a volume without a dump are stopped for the copy, and so other runs are kept out.
    """
    places = find_places(now, [stack for stack in now.site.stacks if now.site.is_chosen(stack.name)], now.site.chosen)
    if isinstance(places, Problem):
        return Plan(problems=(places,))
    filled = [volume for volume in places.volumes if volume.is_filled]
    hosts = {name: HostPlan() for name in now.hosts}
    for name in dict.fromkeys(volume.host for volume in filled):
        hosts[name] = _save_data(now.site, places, [volume for volume in filled if volume.host == name])
    if now.site.registry.host:
        hosts[now.site.registry.host] = merge(hosts[now.site.registry.host], _save_images(now.site))
    stopped = any(host.save_data and host.save_data.stop for host in hosts.values())
    if stopped:
        judged = gate.plan_running(now, places.manager)
        hosts = {name: merge(host, judged[name]) for name, host in hosts.items()}
    hosts[places.manager] = merge(hosts[places.manager], _save_releases(now, places, filled))
    empty = (
        f"there is nothing in volume {volume.name}, which is left out"
        for volume in places.volumes
        if volume not in filled
    )
    return Plan(hosts=hosts, notes=(f"the backup is {now.site.backup.folder}", *empty))


def _save_data(site: Site, places: Places, volumes: Sequence[HeldVolume]) -> HostPlan:
    """Save the volumes of one host; the services of all of them stop for as long as the longest copy takes."""
    sizes: dict[str, int] = {}
    for volume in volumes:
        sizes |= {} if volume.dump else {service: size for service, size in volume.sizes.items() if size}
    changes = [Change(f"save the data of {volume.name}") for volume in volumes]
    if sizes:
        changes.insert(0, Change(f"stop {', '.join(sizes)} while data is copied"))
    return HostPlan(
        save_data=SaveData(
            folder=site.backup.folder,
            key=site.backup.key,
            manager=places.manager,
            stop=tuple(HoldingService(service=service, node=volumes[0].node) for service in sizes),
            sizes=sizes,
            volumes=tuple(
                SavedVolume(
                    volume=volume.name,
                    file=folder.data_file(volume.name),
                    dump=volume.dump,
                    service=next(iter(volume.sizes), ""),
                )
                for volume in volumes
            ),
        ),
        changes={Phase.SAVE_DATA: tuple(changes)},
    )


def _save_images(site: Site) -> HostPlan:
    return HostPlan(
        save_images=SaveImages(folder=site.backup.folder, file=folder.IMAGES, key=site.backup.key),
        changes={Phase.SAVE_IMAGES: (Change("save the registry's images"),)},
    )


def _save_releases(now: Situation, places: Places, saved: Iterable[HeldVolume]) -> HostPlan:
    """Begin and end the backup."""
    given, running = now.site.backup, places.observed.stacks or {}
    new_key = (
        Change(f"make {given.key}, the key without which nobody can restore this backup: keep a copy elsewhere"),
    )
    changes: Mapping[Phase, tuple[Change, ...]] = {
        Phase.BEGIN_BACKUP: new_key * given.makes_key,
        Phase.SAVE_RELEASES: (Change(f"save the releases of {', '.join(stack.name for stack in places.stacks)}"),),
    }
    return HostPlan(
        lock=frame.lock(now, places.manager),
        begin_backup=BeginBackup(folder=given.folder, key=given.key),
        save_releases=SaveReleases(
            folder=given.folder,
            file=folder.RECORD,
            manifest=folder.MANIFEST,
            key=given.key,
            at=given.at,
            secrets={stack.name: running.get(stack.name, EMPTY).secrets for stack in places.stacks},
            volumes={volume.name: volume.stack for volume in saved},
        ),
        unlock=Nothing(),
        changes=changes,
    )
