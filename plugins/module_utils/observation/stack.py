"""What is observed of a stack: its services, and what flotilla keeps of it in the swarm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .service import Service, replicas


@dataclass(frozen=True)
class Publisher:
    """A service that publishes a port, whoever deployed it.

    :ivar stack: that it belongs to, ``""`` for none
    :ivar ingress: whether every node has the port, through the routing mesh
    """

    service: str
    stack: str
    ingress: bool


@dataclass(frozen=True)
class Network:
    """An overlay network as it was made, which no deploy changes.

    :ivar options: of its driver, without those that the engine adds by itself
    """

    driver: str
    options: Mapping[str, str]
    internal: bool
    attachable: bool
    subnets: tuple[str, ...]


@dataclass(frozen=True)
class SecretObject:
    """A secret of the swarm: which of the stack's it is, and the salt of its name."""

    name: str
    salt: str
    created: str


@dataclass(frozen=True)
class Release:
    """A deploy that converged, oldest numbers first.

    :ivar rollback_to: number of the release that it went back to, or ``0``
    :ivar rolled_back: digests of the stack files that rollbacks left
    :ivar file: the stack file as applied
    """

    number: int
    at: str
    by: str
    rollback_to: int
    rolled_back: tuple[str, ...]
    file: str


@dataclass(frozen=True)
class Record:
    """What the newest release applied, and the specs that came of it."""

    file: str
    specs: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class Stack:
    """A stack as it runs; empty before there is one.

    :ivar services: by name without the stack's prefix
    :ivar secrets: flotilla's secrets of this stack by object
    :ivar secret_names: names of all secrets of the swarm
    :ivar configs: names of the stack's configs that flotilla made
    :ivar other_configs: digest of the content by name, of all configs of the swarm that flotilla has not made
    :ivar records: names of the configs that hold its releases and its login
    :ivar login: fingerprint of the registry's login that its services got
    :ivar releases: oldest first
    :ivar record: ``None`` before the first deploy that converged
    :ivar networks: that were made for it, by their names in the swarm
    """

    services: Mapping[str, Service] = field(default_factory=dict)
    secrets: Mapping[str, SecretObject] = field(default_factory=dict)
    secret_names: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()
    other_configs: Mapping[str, str] = field(default_factory=dict)
    records: tuple[str, ...] = ()
    login: str = ""
    releases: tuple[Release, ...] = ()
    record: Record | None = None
    networks: Mapping[str, Network] = field(default_factory=dict)

    @property
    def objects(self) -> set[str]:
        """Collect the names of all secrets and configs that a stack file may name."""
        return {*self.secrets, *self.secret_names, *self.configs, *self.other_configs}

    def size_of(self, service: str) -> int:
        """Return how many tasks a service has by the newest release, also where somebody has stopped it since.

        :param service: one that runs
        """
        live = self.services[service]
        spec = (self.record.specs if self.record else {}).get(service, live.spec)
        size = replicas(spec)
        return live.size if size is None else size

    def mounts(self, *kinds: str) -> set[str]:
        """Collect the names of the objects that its services mount.

        :param kinds: ``Secret``, ``Config``
        """
        return {name for service in self.services.values() for kind in kinds for name in service.mounts(kind)}
