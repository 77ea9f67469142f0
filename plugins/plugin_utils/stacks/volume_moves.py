"""Say what belongs to a volume that moves: the services that it holds, and the volumes that they hold beside it.

Two labels of nodes, beside the one that holds a volume, make a move that was cut short known to the next run:

- ``flotilla.moving.X`` is set on the node that volume X moves to before anything is put there, with the ID of the node
  that it comes from. The pin changes its node only once the whole copy is there; until then, what is there is no data.
- ``flotilla.moved.X`` takes the place of the pin on the node that it comes from: the copy there is an old one.

A swarm changes one node at a time. Between the two changes no node has the pin, so that no task can start, and both
have the same data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ...module_utils.observation.service import Service as Running
from ...module_utils.observation.stack import Record
from ...module_utils.observation.stack import Stack as RunningStack
from ...module_utils.observation.swarm import Node
from ..model.site import Stack
from .file import MOVED_PREFIX, MOVING_PREFIX, VOLUME_PREFIX, Service, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldService:
    """A service of the newest release that its volumes hold on one node.

    :ivar live: as it runs now
    :ivar size: number of its tasks in that release
    """

    stack: Stack
    service: Service
    live: Running
    size: int

    @property
    def full_name(self) -> str:
        """Return its name in the swarm."""
        return f"{self.stack.name}_{self.service.name}"

    @property
    def volumes(self) -> tuple[str, ...]:
        """Return the names of those volumes, as the engine has them."""
        return tuple(label.removeprefix(VOLUME_PREFIX) for label in self.service.volume_labels)

    @property
    def other_constraints(self) -> list[str]:
        """Return what else says where it may run."""
        pins = {f"node.labels.{label}==true" for label in self.service.volume_labels}
        return [each for each in self.service.constraints if "".join(each.split()) not in pins]

    @property
    def stopped(self) -> int:
        """Return when it was stopped though its release has tasks of it, in seconds since 1970; ``0`` if it was not."""
        if self.live.size or not self.size:
            return 0
        return int(datetime.fromisoformat(f"{self.live.updated[:19]}+00:00").timestamp())


def held_services(stacks: Iterable[Stack], running: Mapping[str, RunningStack]) -> Iterator[HeldService]:
    """List the services that volumes hold.

    :param running: by name of the stack
    """
    for stack in stacks:
        found = running.get(stack.name)
        if found and found.record:
            yield from _of_stack(stack, found, found.record)


def _of_stack(stack: Stack, found: RunningStack, record: Record) -> Iterator[HeldService]:
    for name, service in parse(record.file).services.items():
        if service.volume_labels and name in found.services:
            yield HeldService(stack=stack, service=service, live=found.services[name], size=found.size_of(name))


def together(services: Sequence[HeldService], volume: str) -> tuple[str, ...]:
    """Return the volumes that can only move together with one, that one among them: a service has each of its own."""
    found = {volume}
    while more := {name for each in services if found & {*each.volumes} for name in each.volumes} - found:
        found |= more
    return tuple(sorted(found))


def holders(nodes: Sequence[Node], volume: str) -> set[str]:
    """Return the IDs of the nodes with a volume's data: those with the pin; else that from which it was moving away."""
    pinned = {node.id for node in nodes if node.labels.get(f"{VOLUME_PREFIX}{volume}") == "true"}
    moving = f"{MOVING_PREFIX}{volume}"
    return pinned or {node.labels[moving] for node in nodes if moving in node.labels}


def is_pinned(node: Node, volume: str) -> bool:
    """Tell whether a node holds the services of a volume."""
    return node.labels.get(f"{VOLUME_PREFIX}{volume}") == "true"


def is_remainder(node: Node, volume: str) -> bool:
    """Tell whether what a node has of a volume is a copy that a move began."""
    return f"{MOVING_PREFIX}{volume}" in node.labels and not is_pinned(node, volume)


def is_old(node: Node, volume: str) -> bool:
    """Tell whether what a node has of a volume is a copy that a move left."""
    return f"{MOVED_PREFIX}{volume}" in node.labels and not is_pinned(node, volume)


def notes_of(node: Node, volumes: Iterable[str]) -> tuple[str, ...]:
    """Return the labels that moves left on a node."""
    names = (f"{prefix}{volume}" for volume in volumes for prefix in (MOVING_PREFIX, MOVED_PREFIX))
    return tuple(name for name in names if name in node.labels)
