"""Put the state of a whole site into one structure and into lines that people read in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...module_utils.observation.service import Service, Task
from ...module_utils.observation.stack import Release, Stack
from ...module_utils.observation.swarm import Node
from ..model.observation import Observation
from ..planner.arguments.preflight import Pending, ReportStatus
from ..stacks.file import parse
from . import health, updates
from .problems import name_hosts
from .report import node_names, shown, site_lines, table
from .updates import UpdatesStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatus:
    """A node, by its inventory name where it is a host of the inventory."""

    name: str
    address: str
    role: str
    leader: bool
    state: str
    availability: str
    engine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """A service: how many tasks run and should run, the state of its last update, and the ports that it publishes.

    :ivar ended: how many of a job's tasks have ended with success
    """

    stack: str
    name: str
    running: int
    ended: int
    desired: int
    image: str
    update: str
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStatus:
    """A task, and the node that it is on, ``""`` for none."""

    stack: str
    name: str
    node: str
    id: str
    state: str
    desired: str
    error: str
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseStatus:
    """A release, and the names of the images, secrets and configs that it needs."""

    stack: str
    number: int
    at: str
    by: str
    rollback_to: int
    images: tuple[str, ...]
    secrets: tuple[str, ...]
    configs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a person asks about a site; the fields are those of ``playbooks/status.yml`` as JSON.

    :ivar stacks: names
    :ivar problems: sentences
    :ivar pending: what a run of ``site.yml`` would do now
    :ivar updates: what waits for ``upgrade.yml``, of the hosts that answered
    :ivar releases: of one stack after another, the newest first
    """

    stacks: tuple[str, ...]
    problems: tuple[str, ...]
    pending: tuple[Pending, ...]
    updates: tuple[UpdatesStatus, ...]
    nodes: tuple[NodeStatus, ...]
    services: tuple[ServiceStatus, ...]
    tasks: tuple[TaskStatus, ...]
    releases: tuple[ReleaseStatus, ...]


def describe(
    nodes: Sequence[Node],
    running: Mapping[str, Stack],
    observed: Mapping[str, Observation],
    report: ReportStatus,
) -> Status:
    """Gather what a person asks about a site.

    :param nodes: as the manager that was asked sees them
    :param running: by stack, as that manager sees it
    :param observed: by inventory name
    :param report: what the plan says already. Hosts were asked for a page at the inventory's port: while a release with
        another one is held, their answers tell nothing
    """
    called = node_names(report.names, nodes)
    found = health.find_problems(report.names, nodes, running, observed, report.ports)
    return Status(
        stacks=tuple(running),
        problems=(*found, *report.problems),
        pending=report.pending,
        updates=updates.find_updates(observed),
        nodes=tuple(_node(node, called[node.id]) for node in nodes),
        services=tuple(_service(stack, name, service) for stack, name, service in _services(running)),
        tasks=tuple(
            _task(stack, f"{name}.{task.slot}", task, called.get(task.node, ""))
            for stack, name, service in _services(running)
            for task in service.tasks
        ),
        releases=tuple(
            _release(name, release) for name, stack in running.items() for release in reversed(stack.releases)
        ),
    )


def _services(running: Mapping[str, Stack]) -> list[tuple[str, str, Service]]:
    """List the services of all stacks: stack, name in it, and service."""
    return [(stack, name, service) for stack, found in running.items() for name, service in found.services.items()]


def _node(node: Node, name: str) -> NodeStatus:
    return NodeStatus(
        name=name,
        address=node.address,
        role=node.role,
        leader=node.leader,
        state=node.state,
        availability=node.availability,
        engine=node.engine,
    )


def _service(stack: str, name: str, service: Service) -> ServiceStatus:
    return ServiceStatus(
        stack=stack,
        name=name,
        running=sum(task.is_up for task in service.tasks),
        ended=service.ended,
        desired=service.size,
        image=service.image,
        update=service.update.State,
        ports=service.ports,
    )


def _task(stack: str, name: str, task: Task, node: str) -> TaskStatus:
    return TaskStatus(
        stack=stack,
        name=name,
        node=node,
        id=task.id,
        state=task.state,
        desired=task.desired,
        error=task.error,
        since=task.since,
    )


def _release(stack: str, release: Release) -> ReleaseStatus:
    file = parse(release.file)
    return ReleaseStatus(
        stack=stack,
        number=release.number,
        at=release.at,
        by=release.by,
        rollback_to=release.rollback_to,
        images=tuple(sorted(file.images)),
        secrets=tuple(sorted(file.names("secrets"))),
        configs=tuple(sorted(file.names("configs"))),
    )


def lines(status: Status, names: Mapping[str, str], nodes: Sequence[Node], running: Mapping[str, Stack]) -> list[str]:
    """Put a status into lines.

    :param status: see ``describe``, as for the others
    """
    ports = {service.stack: service.ports[0] for service in reversed(status.services) if service.ports}
    newest = {release.stack: release for release in reversed(status.releases)}
    several = len(status.stacks) > 1
    rows = [
        [
            *([release.stack] if several else []),
            f"{release.number}{' (runs)' if release is newest[release.stack] else ''}",
            release.at,
            release.by,
            f"back to {release.rollback_to}" if release.rollback_to else "",
            " ".join(_short(image) for image in release.images),
        ]
        for release in status.releases
    ]
    ended = [
        [shown(status.stacks, task.stack, task.name), task.node or "-", f"{task.since[:19]}Z", task.state, task.error]
        for task in status.tasks
        if task.error
    ]
    return [
        *site_lines(names, nodes, running, ports),
        "",
        *table([*(["STACK"] if several else []), "RELEASE", "AT", "BY", "", "IMAGES"], rows),
        *(["", *table(["FAILED TASK", "NODE", "AT", "STATE", "ERROR"], ended)] if ended else []),
        "",
        *updates.lines(status.updates, names.values()),
        *_ending(status, names),
    ]


def _ending(status: Status, names: Mapping[str, str]) -> list[str]:
    """Say last what matters most."""
    pending = [f"  {name_hosts(each.hosts, names.values())}: {each.text}" for each in status.pending]
    would = ["Not as the inventory says. A run of site.yml would:", *pending] if pending else []
    problems = [f"Problem: {problem}" for problem in status.problems]
    return [*would, *problems] or ["No problem found, and all is as the inventory says."]


def _short(image: str) -> str:
    """Shorten ``host:port/name@sha256:digest`` to ``name@digest``, with as many digits as tell images apart."""
    name, _, digest = image.rsplit("/", 1)[-1].partition("@sha256:")
    return f"{name}@{digest[:12]}" if digest else name
