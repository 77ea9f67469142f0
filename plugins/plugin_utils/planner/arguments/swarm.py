"""The arguments of role swarm's phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .docker import Move


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSwarm:
    """Create a swarm with this host as its manager.

    :ivar availability: ``None`` to leave it
    """

    advertise_addr: str
    availability: str | None
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinSwarm:
    """Join the swarm, or change the node of a member.

    :ivar joins: whether the host is no member yet
    :ivar role: ``manager`` or ``worker``
    :ivar manager: inventory name of the manager that acts, through which the host joins
    :ivar manager_addr: its address
    :ivar promote: whether the node, a worker, becomes a manager
    :ivar availability: ``None`` to leave it
    :ivar labels: to set
    :ivar remove_labels: names
    """

    joins: bool
    role: str
    manager: str
    manager_addr: str
    advertise_addr: str
    promote: bool
    availability: str | None
    labels: Mapping[str, str]
    remove_labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeNodes:
    """Demote nodes, or remove the entries of dead ones.

    :ivar manager: inventory name of the manager that acts
    :ivar nodes: IDs
    """

    manager: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBack:
    """Put back what a killed run left of a rolling change: nodes and services on a manager, on each host its redirect.

    :ivar nodes: IDs of those that take tasks again
    :ivar services: by full name, the constraints that go
    :ivar sizes: by full name of a service that has more tasks, how many it is to have
    :ivar end_redirect: whether the host's visitors are still led to another one
    """

    nodes: tuple[str, ...]
    services: Mapping[str, tuple[str, ...]]
    sizes: Mapping[str, int]
    end_redirect: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitForStack:
    """A stack that must run at its size.

    :ivar stack: its name
    :ivar timeout: seconds that this may take
    :ivar skip_wait_for: see ``StackDeploy``
    """

    stack: str
    timeout: int
    skip_wait_for: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retire:
    """Let a host leave.

    :ivar node: its ID, ``""`` for a host that is in no swarm
    :ivar demote: whether it is a manager still
    :ivar manager: inventory name of the manager that acts
    :ivar stacks: that must run at their size elsewhere first
    """

    node: str
    demote: bool
    manager: str
    stacks: tuple[WaitForStack, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvictNode:
    """Take a host out of the swarm without asking it, and rotate what lets hosts in; on a manager.

    :ivar host: what its user calls it
    :ivar address: its own
    :ivar was_manager: whether it was one when its eviction began
    :ivar id: of its node
    :ivar node: that ID, ``""`` where it is none any more
    :ivar demote: whether it is a manager still
    :ivar moves: services of which it has tasks that others can take over before
    :ivar rotate_ca: whether the swarm gets another CA
    """

    host: str
    address: str
    was_manager: bool
    id: str
    node: str
    demote: bool
    moves: tuple[Move, ...]
    rotate_ca: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EndEviction:
    """Forget that a host is evicted, and tell what came of it; all in sentences but the first two.

    :ivar host: what its user calls it
    :ivar awaits_ca: whether nodes get certificates of another CA
    :ivar done: what was cut off and rotated
    :ivar yours: what only the user can rotate
    :ivar stays: what it has that stays valid for a while
    """

    host: str
    awaits_ca: bool
    done: tuple[str, ...]
    yours: tuple[str, ...]
    stays: tuple[str, ...]
