"""What was observed of hosts, as types; the only place that reads what ``flotilla.swarm.observe`` answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .decode import decode
from .desired import Desired, read_desired


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The host itself.

    :ivar architecture: kind of machine, such as ``x86_64``
    :ivar time: the host's clock, in seconds since 1970
    :ivar asked: this machine's clock before and after the host told its time
    """

    hostname: str
    machine_id: str
    distribution: str
    architecture: str
    kernel: str
    cpus: int
    memory_mib: int
    disk_free_mib: int
    addresses: tuple[str, ...]
    default_address: str
    time: float
    asked: tuple[float, ...] = (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file; ``text`` only where the host was asked for it."""

    sha256: str
    mode: str
    mtime: int
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A systemd service; ``started`` in seconds since 1970, ``0`` where it does not run.

    :ivar failed: whether systemd counts failed starts of it
    """

    active: bool
    failed: bool
    enabled: bool
    started: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """An engine that answers."""

    version: str

    @property
    def major(self) -> int:
        """Return the first number of the version."""
        return int(self.version.split(".")[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A host's place in a swarm.

    :ivar state: ``inactive``, ``pending``, ``active``, ``error``, ``locked``, or ``stopped`` with its engine
    :ivar cluster_id: the swarm's ID, of managers only
    """

    state: str
    node_id: str
    address: str
    manager: bool
    error: str
    cluster_id: str

    @property
    def is_member(self) -> bool:
        """Tell whether the host is in a swarm."""
        return self.state == "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A firewall's rule."""

    allow: bool
    protocol: str
    port: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall:
    """A host's own firewall; the first rule that fits decides, else ``incoming``."""

    kind: str
    incoming: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Where the registry's name leads a host, and the digest of the certificate that is shown there."""

    addresses: tuple[str, ...]
    error: str
    certificate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalImage:
    """An image on a host, and whether something other than an ended task of the stack uses it."""

    id: str
    names: tuple[str, ...]
    used: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The lock of the site; times in seconds since 1970, ``idle`` in seconds."""

    version: str
    holder: str = ""
    machine: str = ""
    process: str = ""
    since: int = 0
    renewed: int = 0
    idle: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A member of the swarm, as managers see it."""

    id: str
    hostname: str
    address: str
    state: str
    role: str
    availability: str
    labels: Mapping[str, str]
    leader: bool
    reachability: str
    engine: str = ""

    @property
    def is_manager(self) -> bool:
        """Tell whether it is a manager."""
        return self.role == "manager"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task of a service; ``current`` where it has the service's newest spec."""

    id: str
    slot: int
    node: str
    desired: str
    state: str
    message: str
    error: str
    updated: str
    current: bool
    limit_mib: int

    @property
    def is_up(self) -> bool:
        """Tell whether it runs and is to go on."""
        return self.state == self.desired == "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The state of a service's last update; names as the engine has them."""

    State: str = ""
    Message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service that runs; ``spec`` as the engine tells it."""

    spec: Mapping[str, object]
    updated: str
    update: Update
    size: int
    tasks: tuple[Task, ...]
    ports: tuple[int, ...] = ()

    @property
    def update_state(self) -> str:
        """Return the state of its last update; a service that was never updated is complete."""
        return self.update.State or "completed"

    @property
    def image(self) -> str:
        """Return its image."""
        return str(self._container.get("Image", ""))

    @property
    def user(self) -> str:
        """Return the user that it runs as, ``""`` for the image's."""
        return str(self._container.get("User", ""))

    @property
    def published(self) -> object:
        """Return its published ports as the engine has them."""
        return published_ports(self.spec)

    @property
    def constraints(self) -> tuple[str, ...]:
        """Return its placement's constraints."""
        return tuple((self._template.get("Placement") or {}).get("Constraints") or ())

    @property
    def starts_first(self) -> bool:
        """Tell whether an update starts a task before it stops the old one."""
        update: Any = self.spec.get("UpdateConfig") or {}
        return bool(update.get("Order") == "start-first")

    @property
    def is_replicated(self) -> bool:
        """Tell whether it has a number of replicas."""
        mode: Any = self.spec["Mode"]
        return "Replicated" in mode

    def mounts(self, kind: str) -> set[str]:
        """Collect the names of the objects that it mounts.

        :param kind: ``Secret`` or ``Config``
        """
        return {entry[f"{kind}Name"] for entry in self._container.get(f"{kind}s") or ()}

    @property
    def _template(self) -> Any:
        return self.spec.get("TaskTemplate") or {}

    @property
    def _container(self) -> Any:
        return self._template.get("ContainerSpec") or {}


def published_ports(spec: Mapping[str, object]) -> object:
    """Return the published ports of a service's spec as the engine has them."""
    endpoint: Any = spec.get("EndpointSpec") or {}
    return endpoint.get("Ports")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretObject:
    """A secret of the swarm: which of the stack's it is, and the salt of its name."""

    name: str
    salt: str
    created: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A deploy that converged, oldest numbers first.

    :ivar rollback_to: number of the release that it went back to, or ``0``
    :ivar left: digests of the stack files that rollbacks left
    :ivar file: the stack file as applied
    """

    number: int
    at: str
    by: str
    rollback_to: int
    left: tuple[str, ...]
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the newest release applied, and the specs that came of it."""

    file: str
    specs: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A stack as it runs; empty before there is one.

    :ivar secrets: flotilla's secrets of this stack by object
    :ivar secret_names: names of all secrets of the swarm
    :ivar configs: names of the stack's configs that flotilla made
    :ivar login: fingerprint of the registry's login that its services got
    """

    services: Mapping[str, Service] = field(default_factory=dict)
    secrets: Mapping[str, SecretObject] = field(default_factory=dict)
    secret_names: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()
    login: str = ""
    releases: tuple[Release, ...] = ()
    record: Record | None = None

    def mounts(self, *kinds: str) -> set[str]:
        """Collect the names of the objects that its services mount.

        :param kinds: ``Secret``, ``Config``
        """
        return {name for service in self.services.values() for kind in kinds for name in service.mounts(kind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A host that answered.

    :ivar packages: version by name, ``None`` where it is not completely installed
    :ivar daemon_config: what the host's dockerd says against the ``daemon.json`` that it is to get, ``""`` for nothing
    :ivar ports: holders of those ports of ours that are taken, ``""`` for the kernel
    :ivar networks: by network, the gateway on the way there, ``""`` where the host is attached to it
    :ivar reach: by peer, ``open``, ``closed`` or what went wrong
    :ivar login: empty where the registry accepted the stored login, else the reason
    :ivar accounts: by purpose, empty where the registry accepted the account, else its answer
    :ivar images: digest by reference, of a builder
    :ivar page: empty where the page answered or was not asked for, else the reason
    :ivar nodes: the swarm's nodes; ``None`` where the host is no manager that can list them
    :ivar stack: the stack; ``None`` as with ``nodes``
    """

    system: System
    packages: Mapping[str, str | None]
    held: tuple[str, ...]
    interrupted: tuple[str, ...]
    unfinished: tuple[str, ...]
    daemon_config: str
    files: Mapping[str, File | None]
    services: Mapping[str, Unit]
    modules: Mapping[str, str]
    ports: Mapping[str, str]
    networks: Mapping[str, str]
    firewall: Firewall | None
    reach: Mapping[str, str]
    engine: Engine | None
    swarm: Place
    volumes: Mapping[str, bool]
    lock: Lock
    credentials: bool
    login: str
    login_fingerprint: str
    accounts: Mapping[str, str]
    server_account: str
    registry_way: Resolution | None
    images: Mapping[str, str | None]
    local_images: tuple[LocalImage, ...]
    page: str
    nodes: tuple[Node, ...] | None = None
    stack: Stack | None = None
    logs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A host that could not be reached, and what connecting to it said."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a host is to be, and what it is."""

    desired: Desired
    seen: Seen | Unreachable


def read_seen(host: str, answer: Mapping[str, object]) -> Seen:
    """Read what a host answered.

    :raise DecodeError: the answer has another shape; names host and field
    """
    return decode(Seen, answer, host)


def read(host: str, answer: Mapping[str, object]) -> Observation:
    """Read the result of ``flotilla.swarm.observe`` for one host.

    :param answer: ``wanted`` and ``seen``; or ``wanted`` and ``unreachable`` (the reason)
    :raise DecodeError: it has another shape
    """
    desired = read_desired(host, answer["wanted"])
    if "seen" in answer:
        return Observation(desired=desired, seen=decode(Seen, answer["seen"], host))
    return Observation(desired=desired, seen=Unreachable(str(answer["unreachable"])))
