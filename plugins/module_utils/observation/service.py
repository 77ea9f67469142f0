"""What is observed of a service that runs, and of its tasks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

# States of a task that ended by itself. A node rejects a task that it cannot start, as it may when its own engine has
# just started.
CRASHED = "failed"
FAILED = (CRASHED, "rejected")
ENDED = ("complete", *FAILED)


@dataclass(frozen=True)
class Task:
    """A task of a service.

    :ivar slot: number among the service's, ``0`` where it has none
    :ivar updated: when a manager changed anything of it, if only what it is to do
    :ivar since: when it got its state, by its node's clock
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
    since: str
    limit_mib: int
    current: bool
    addresses: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> object:
        """Return what Swarm keeps one task in: one of the service's numbers, or a node of a global service."""
        return self.slot or self.node

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
    :ivar crashes: the most tasks in one place that ran and failed within the last hour and since it was changed
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

    def without_constraints(self, names: Collection[str]) -> Mapping[str, object]:
        """Return its spec without some of its placement's constraints."""
        template, placement = _part(self.spec, "TaskTemplate"), _part(self.spec, "TaskTemplate", "Placement")
        kept = {key: value for key, value in placement.items() if key != "Constraints"}
        if constraints := [each for each in self.constraints if each not in names]:
            kept["Constraints"] = constraints
        return {**self.spec, "TaskTemplate": {**template, "Placement": kept}} if placement else self.spec

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
        going_on = {task.place for task in self.tasks if task.desired != "shutdown"}
        return tuple(task for task in self._last if task.current and task.place not in going_on)

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
        return {task.place: task for task in sorted(self.tasks, key=lambda task: task.updated)}.values()


def published_ports(spec: Mapping[str, object]) -> object:
    """Return the published ports of a service's spec as the engine has them."""
    return _part(spec, "EndpointSpec").get("Ports")


def replicas(spec: Mapping[str, object]) -> int | None:
    """Return the number of replicas of a service's spec, ``None`` where it has none, such as a global one."""
    size = _part(spec, "Mode", "Replicated").get("Replicas")
    return size if isinstance(size, int) else None


def _part(spec: Mapping[str, object], *path: str) -> Mapping[str, object]:
    """Return a part of a service's spec; the engine leaves out those that are empty, or writes null."""
    for key in path:
        part = spec.get(key)
        spec = part if isinstance(part, Mapping) else {}
    return spec


def _items(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else ()
