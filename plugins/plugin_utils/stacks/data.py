"""Decide whether a service finds its data again, so that none begins without the data that it once had.

A service stays on the node that has its volume (label ``flotilla.volume.X``). Where that volume is gone or empty,
the service may begin without data only if the stack never ran with it or never wrote to it, or if the user accepts the
loss by name. A run that brings data back from a backup is not judged by its absence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ...module_utils.observation import Observed
from ...module_utils.observation.stack import Stack as RunningStack
from ...module_utils.observation.swarm import Node
from ...module_utils.releases import DATA_LABEL
from ..model.problem import Code, Problem
from ..model.site import Stack
from . import adoption
from .file import VOLUME_PREFIX, StackFile, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is to be thought of a stack's data.

    :ivar problems: what forbids the run
    :ivar allow_empty: services that may begin without data
    :ivar losses: those of them that had some; the user accepts that
    """

    problems: tuple[Problem, ...] = ()
    allow_empty: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A volume that holds services of a stack on one node.

    :ivar label: that pins it
    :ivar holder: the host that has the data, or will
    :ivar services: that use it
    """

    label: str
    holder: str
    services: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return what it is called, by the engine too."""
        return self.label.removeprefix(VOLUME_PREFIX)

    def is_on(self, observed: Observed) -> bool:
        """Tell whether a host has data of it."""
        return observed.has_data(self.name)


def judge(
    stack: Stack,
    file: StackFile,
    hosts: Mapping[str, Observed],
    nodes: Sequence[Node],
    labels: Mapping[str, Mapping[str, str]],
    running: RunningStack,
    restored: Collection[str] = (),
) -> Verdict:
    """Judge whether the stack's data is where its services will read it.

    :param file: that will run, which is not always the inventory's
    :param hosts: those that could be asked
    :param nodes: as the manager that was asked sees them
    :param labels: by inventory name, the labels that it will get
    :param restored: names of data that this run brings back
    """
    known = [label.removeprefix(VOLUME_PREFIX) for label in file.volume_labels]
    ran = _ran_with(running)
    empty = [
        volume
        for volume in _volumes(file, hosts, nodes, labels)
        if not volume.is_on(hosts[volume.holder]) and volume.name not in restored
    ]
    had = [
        volume
        for volume in empty
        if volume.label in ran and (_is_guarded(volume, file) or not _never_had_any(volume, hosts, running))
    ]
    lost = [volume for volume in had if volume.name not in stack.lost]
    fresh = [volume for volume in empty if volume not in lost]
    return Verdict(
        problems=(
            *(_unknown(name, known) for name in stack.lost if name not in known),
            *(_lost(volume, hosts, running) for volume in lost),
        ),
        allow_empty=tuple(name for volume in fresh for name in volume.services),
        losses=tuple(name for volume in fresh if volume in had for name in volume.services),
    )


def _is_guarded(volume: Volume, file: StackFile) -> bool:
    """Tell whether a service on a volume has data from its first start on: it reads whether it may begin without."""
    return any(DATA_LABEL in str(file.services[name].fields.get("environment")) for name in volume.services)


def _never_had_any(volume: Volume, hosts: Mapping[str, Observed], running: RunningStack) -> bool:
    """Tell whether nothing was written to a volume since the oldest kept release with it: so that nothing can be lost.

    One that was made later is another one.
    """
    since = hosts[volume.holder].untouched_volumes.get(volume.name)
    first = next((each.at for each in running.releases if volume.label in parse(each.file).volume_labels), "")
    return since is not None and first != "" and since < _seconds(first)


def _seconds(at: str) -> float:
    """Return the time of a release in seconds since 1970."""
    try:
        return datetime.fromisoformat(at).timestamp()
    except ValueError:
        return 0


def _ran_with(running: RunningStack) -> set[str]:
    """Return the labels of the volumes with which the stack runs: by its last release, or before it is taken over."""
    if running.record:
        return set(parse(running.record.file).volume_labels)
    there = (name for service in adoption.foreign(running).values() for name in service.volumes)
    return {f"{VOLUME_PREFIX}{name}" for name in there}


def _volumes(
    file: StackFile,
    hosts: Mapping[str, Observed],
    nodes: Sequence[Node],
    labels: Mapping[str, Mapping[str, str]],
) -> Iterator[Volume]:
    """Find the volumes whose holder could be asked."""
    for label in file.volume_labels:
        holder = _holder(label, hosts, nodes, labels)
        if holder:
            services = tuple(file.pinned_services([label]))
            yield Volume(label=label, holder=holder, services=services)


def _holder(
    label: str, hosts: Mapping[str, Observed], nodes: Sequence[Node], labels: Mapping[str, Mapping[str, str]]
) -> str:
    """Find the host that has the data, or will; ``""`` when it could not be asked."""
    coming = [name for name, added in labels.items() if added.get(label) == "true"]
    there = {node.id for node in nodes if node.labels.get(label) == "true"}
    return next(iter([*coming, *(name for name, observed in hosts.items() if observed.swarm.node_id in there)]), "")


def _unknown(name: str, known: Sequence[str]) -> Problem:
    return Problem(
        code=Code.SETTING_INVALID,
        where="stack_data_lost",
        found=name,
        expected=f"one of: {', '.join(known) or 'none'}",
        fix="Correct the name, or remove it",
    )


def _lost(volume: Volume, hosts: Mapping[str, Observed], running: RunningStack) -> Problem:
    others = [host for host, observed in hosts.items() if volume.is_on(observed)]
    there = f"; {' and '.join(others)} has some" if others else ""
    ran = f"release {running.releases[-1].number} ran" if running.releases else "the stack runs"
    move = "Move the label; or bring" if others else "Bring"
    return Problem(
        code=Code.DATA_LOST,
        hosts=(volume.holder,),
        found=f"no data in volume {volume.name}{there}",
        expected=f"the data with which {ran} (label {volume.label})",
        fix=f"{move} the disk or the volume back; or accept the loss (site.yml -e stack_data_lost={volume.name}), and "
        "then restore a backup if you have one; see docs/data.md",
    )
