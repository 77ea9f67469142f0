"""The arguments of role backup's phases that move volumes to another node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .backup import HoldingService


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLabels:
    """Labels of a node that change in one step.

    :ivar node: ID
    :ivar add: values by name
    :ivar remove: names
    """

    node: str
    add: Mapping[str, str]
    remove: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveData:
    """Stop services and copy their volumes to another host, or start them again where they were.

    :ivar source: inventory name of the host that has the volumes
    :ivar target: inventory name of the host that gets them
    :ivar target_node: its node ID
    :ivar notes: labels of that node, by which what is found there later is known as a copy that was begun
    :ivar remove: names of volumes there that make room
    :ivar volumes: names
    :ivar stop: services to stop
    :ivar sizes: number of tasks by service, of all that the volumes hold
    :ivar since: when services were stopped by a run that was cut short, in seconds since 1970; else ``0``
    :ivar folder: on the control node, through which the data goes
    """

    source: str
    target: str
    target_node: str
    notes: Mapping[str, str]
    remove: tuple[str, ...]
    volumes: tuple[str, ...]
    stop: tuple[HoldingService, ...]
    sizes: Mapping[str, int]
    since: int
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldData:
    """Hold volumes on another node.

    :ivar steps: labels to change, one node after the other
    """

    steps: tuple[NodeLabels, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartData:
    """Start the services of volumes, and tell how long they were stopped.

    :ivar sizes: see ``MoveData``, as ``since``
    :ivar timeouts: by stack, seconds that it may take until all of it runs
    """

    sizes: Mapping[str, int]
    timeouts: Mapping[str, int]
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy of a volume that is not the one that counts.

    :ivar host: inventory name
    :ivar volume: name
    """

    host: str
    volume: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveCopies:
    """Remove copies of volumes, and then what was noted of them.

    :ivar copies: all
    :ivar steps: labels to change
    """

    copies: tuple[Copy, ...]
    steps: tuple[NodeLabels, ...]
