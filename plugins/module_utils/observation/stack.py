"""What is observed of a stack: its services and tasks, and what flotilla keeps of it in the swarm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Task:
    """A task of a service.

    :ivar slot: number among the service's, ``0`` where it has none
    :ivar current: whether it has the service's newest spec
    :ivar limit_mib: of memory, ``0`` for none
    :ivar addresses: by the namespace that nodes have a network's load balancers in, see ``module_utils.mesh``
    """

    id: str
    slot: int
    node: str
    desired: str
    state: str
    message: str
    error: str
    updated: str
    limit_mib: int
    current: bool
    addresses: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_up(self) -> bool:
        """Tell whether it runs and is to go on."""
        return self.state == self.desired == "running"


@dataclass(frozen=True)
class Update:
    """The state of a service's last update; names as the engine has them."""

    State: str = ""
    Message: str = ""


@dataclass(frozen=True)
class Service:
    """A service that runs.

    :ivar spec: as the engine tells it
    :ivar size: number of tasks that it should have
    :ivar tasks: those that are to run, and the last that ended
    :ivar ports: that it publishes
    :ivar crashes: the most tasks in one place that failed within the last hour and since it was changed
    """

    id: str
    spec: Mapping[str, object]
    updated: str
    update: Update
    size: int
    tasks: tuple[Task, ...]
    ports: tuple[int, ...] = ()
    crashes: int = 0

    @property
    def update_state(self) -> str:
        """Return the state of its last update; a service that was never updated is complete."""
        return self.update.State or "completed"

    @property
    def image(self) -> str:
        """Return its image."""
        return str(self._container.get("Image", ""))

    @property
    def labels(self) -> Mapping[str, object]:
        """Return its own labels, which are no part of its tasks."""
        return _part(self.spec, "Labels")

    @property
    def volumes(self) -> set[str]:
        """Collect the names of the volumes that it mounts."""
        mounts = (mount for mount in _items(self._container.get("Mounts")) if isinstance(mount, Mapping))
        return {str(mount.get("Source", "")) for mount in mounts if mount.get("Type") == "volume"}

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
        return tuple(map(str, _items(_part(self.spec, "TaskTemplate", "Placement").get("Constraints"))))

    @property
    def max_per_node(self) -> int:
        """Return how many of its tasks may run on one node, ``0`` for any number."""
        limit = _part(self.spec, "TaskTemplate", "Placement").get("MaxReplicas")
        return limit if isinstance(limit, int) else 0

    @property
    def has_wishes(self) -> bool:
        """Tell whether it reserves anything, prefers nodes, or limits its tasks on each."""
        placement = _part(self.spec, "TaskTemplate", "Placement")
        return bool(
            _part(self.spec, "TaskTemplate", "Resources", "Reservations")
            or placement.get("Preferences")
            or self.max_per_node
        )

    @property
    def ingress_ports(self) -> tuple[int, ...]:
        """Return the TCP ports that it publishes on every node, through the routing mesh."""
        ports = (port for port in _items(published_ports(self.spec)) if isinstance(port, Mapping))
        found = {
            number
            for port in ports
            if (port.get("Protocol"), port.get("PublishMode")) == ("tcp", "ingress")
            and isinstance(number := port.get("PublishedPort"), int)
        }
        return tuple(sorted(found))

    @property
    def starts_first(self) -> bool:
        """Tell whether an update starts a task before it stops the old one."""
        return _part(self.spec, "UpdateConfig").get("Order") == "start-first"

    @property
    def is_replicated(self) -> bool:
        """Tell whether it has a number of replicas."""
        return "Replicated" in _part(self.spec, "Mode")

    @property
    def has_address(self) -> bool:
        """Tell whether it has an address of its own, behind which nodes choose one of its tasks."""
        return _part(self.spec, "EndpointSpec").get("Mode") != "dnsrr"

    @property
    def ended(self) -> int:
        """Count the places whose task ended with success, where Swarm is never to start another one: a job's."""
        if self._restart.get("Condition") != "none":
            return 0
        return min(self.size, sum(task.current and task.state == "complete" for task in self._last))

    @property
    def given_up(self) -> tuple[Task, ...]:
        """Return the last task of each place in which Swarm starts no other one, whatever it ended with."""
        if self._restart.get("Condition", "any") == "any" and not self._restart.get("MaxAttempts"):
            return ()
        going_on = {task.slot or task.node for task in self.tasks if task.desired != "shutdown"}
        return tuple(task for task in self._last if task.current and (task.slot or task.node) not in going_on)

    @property
    def has_health_check(self) -> bool:
        """Tell whether a task counts as running only once it is healthy: by the file, whatever the image has."""
        check = self._container.get("Healthcheck")
        return isinstance(check, Mapping) and "NONE" not in _items(check.get("Test"))

    def mounts(self, kind: str) -> set[str]:
        """Collect the names of the objects that it mounts.

        :param kind: ``Secret`` or ``Config``
        """
        entries = _items(self._container.get(f"{kind}s"))
        return {str(entry[f"{kind}Name"]) for entry in entries if isinstance(entry, Mapping)}

    @property
    def _container(self) -> Mapping[str, object]:
        return _part(self.spec, "TaskTemplate", "ContainerSpec")

    @property
    def _restart(self) -> Mapping[str, object]:
        return _part(self.spec, "TaskTemplate", "RestartPolicy")

    @property
    def _last(self) -> Iterable[Task]:
        """Return the newest task of each place."""
        return {task.slot or task.node: task for task in sorted(self.tasks, key=lambda task: task.updated)}.values()


def published_ports(spec: Mapping[str, object]) -> object:
    """Return the published ports of a service's spec as the engine has them."""
    return _part(spec, "EndpointSpec").get("Ports")


def _part(spec: Mapping[str, object], *path: str) -> Mapping[str, object]:
    """Return a part of a service's spec; the engine leaves out those that are empty, or writes null."""
    for key in path:
        part = spec.get(key)
        spec = part if isinstance(part, Mapping) else {}
    return spec


def _items(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else ()


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
        size = _part(spec, "Mode", "Replicated").get("Replicas")
        return size if isinstance(size, int) else live.size

    def mounts(self, *kinds: str) -> set[str]:
        """Collect the names of the objects that its services mount.

        :param kinds: ``Secret``, ``Config``
        """
        return {name for service in self.services.values() for kind in kinds for name in service.mounts(kind)}
