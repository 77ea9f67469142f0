"""What is observed of an engine and its swarm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Of overlay networks, where the swarm has no other (https://docs.docker.com/reference/cli/docker/swarm/init/).
DATA_PORT = 4789  # UDP


@dataclass(frozen=True)
class Engine:
    """An engine that answers.

    :ivar root: folder that it keeps its data in
    """

    version: str
    root: str = "/var/lib/docker"

    @property
    def major(self) -> int:
        """Return the first number of the version."""
        return int(self.version.split(".")[0])


@dataclass(frozen=True)
class Place:
    """A host's place in a swarm.

    :ivar state: ``inactive``, ``pending``, ``active``, ``error``, ``locked``, or ``stopped`` with its engine
    :ivar error: why it is not as it should be, also of a manager without a majority
    :ivar cluster_id: the swarm's ID, of managers only
    :ivar autolock: whether managers lock their part of the swarm's state, of managers only
    :ivar data_port: UDP port of overlay networks, of managers only
    :ivar ingress: ID of the network of published ports as the host has it, ``""`` for none
    """

    state: str = "inactive"
    node_id: str = ""
    address: str = ""
    manager: bool = False
    error: str = ""
    cluster_id: str = ""
    autolock: bool = False
    data_port: int = DATA_PORT
    ingress: str = ""

    @property
    def is_member(self) -> bool:
        """Tell whether the host is in a swarm."""
        return self.state == "active"


@dataclass(frozen=True)
class Eviction:
    """An eviction that was begun and has not ended, as the swarm notes it.

    :ivar host: what its user called the host
    :ivar node: ID of its node
    :ivar manager: whether that was a manager
    :ivar created: when it was begun, as the engine tells it
    """

    host: str
    address: str
    node: str
    manager: bool
    created: str


@dataclass(frozen=True)
class Node:
    """A member of the swarm, as managers see it.

    :ivar engine: its version
    :ivar tasks: how many are not ended, also of services that are not ours
    :ivar reachability: of managers, ``reachable``, ``unreachable`` or ``unknown``
    """

    id: str
    hostname: str
    engine: str
    address: str
    state: str
    role: str
    availability: str
    labels: Mapping[str, str]
    tasks: int
    leader: bool
    reachability: str

    @property
    def is_manager(self) -> bool:
        """Tell whether it is a manager."""
        return self.role == "manager"
