"""Put the state of a whole site into one structure and into lines that people read in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...module_utils.observation import Seen
from ...module_utils.observation.stack import Release, Service, Stack, Task
from ...module_utils.observation.swarm import Node
from ..model.observation import Unreachable
from ..stacks.file import parse
from ..stacks.state import differences, judge
from .report import moved, site_lines, table


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
    """A service: how many tasks run and should run, the state of its last update, and the ports that it publishes."""

    name: str
    running: int
    desired: int
    image: str
    update: str
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStatus:
    """A task, and the node that it is on, ``""`` for none."""

    name: str
    node: str
    id: str
    state: str
    desired: str
    error: str
    updated: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseStatus:
    """A release, and the names of the images, secrets and configs that it needs."""

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

    :ivar stack: its name
    :ivar problems: sentences
    :ivar releases: the newest first
    """

    stack: str
    problems: tuple[str, ...]
    nodes: tuple[NodeStatus, ...]
    services: tuple[ServiceStatus, ...]
    tasks: tuple[TaskStatus, ...]
    releases: tuple[ReleaseStatus, ...]


def describe(
    names: Mapping[str, str],
    nodes: Sequence[Node],
    running: Stack,
    observed: Mapping[str, Seen | Unreachable],
    stack: str,
    port: int,
) -> Status:
    """Gather what a person asks about a site.

    :param names: inventory name by address
    :param nodes: as the manager that was asked sees them, as ``running``
    :param observed: by inventory name
    :param stack: its name
    :param port: where hosts were asked for the page: at the inventory's port. While a release with another one is held,
        their answers tell nothing
    """
    called = {node.id: names.get(node.address, node.hostname) for node in nodes}
    asked = any(port in service.ports for service in running.services.values())
    return Status(
        stack=stack,
        problems=(
            *_host_problems(observed, asked),
            *_node_problems(names, nodes),
            *_stack_problems(running, called),
        ),
        nodes=tuple(_node(node, called[node.id]) for node in nodes),
        services=tuple(_service(name, service) for name, service in running.services.items()),
        tasks=tuple(
            _task(f"{name}.{task.slot}", task, called.get(task.node, ""))
            for name, service in running.services.items()
            for task in service.tasks
        ),
        releases=tuple(_release(release) for release in reversed(running.releases)),
    )


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


def _service(name: str, service: Service) -> ServiceStatus:
    return ServiceStatus(
        name=name,
        running=sum(task.is_up for task in service.tasks),
        desired=service.size,
        image=service.image,
        update=service.update.State,
        ports=service.ports,
    )


def _task(name: str, task: Task, node: str) -> TaskStatus:
    return TaskStatus(
        name=name,
        node=node,
        id=task.id,
        state=task.state,
        desired=task.desired,
        error=task.error,
        updated=task.updated,
    )


def _release(release: Release) -> ReleaseStatus:
    file = parse(release.file)
    return ReleaseStatus(
        number=release.number,
        at=release.at,
        by=release.by,
        rollback_to=release.rollback_to,
        images=tuple(sorted(file.images)),
        secrets=tuple(sorted(file.names("secrets"))),
        configs=tuple(sorted(file.names("configs"))),
    )


def lines(status: Status, names: Mapping[str, str], nodes: Sequence[Node], running: Stack) -> list[str]:
    """Put a status into lines.

    :param status: see ``describe``, as for the others
    """
    ports = [port for service in status.services for port in service.ports]
    rows = [
        [
            f"{release.number}{' (runs)' if release is status.releases[0] else ''}",
            release.at,
            release.by,
            f"back to {release.rollback_to}" if release.rollback_to else "",
            " ".join(_short(image) for image in release.images),
        ]
        for release in status.releases
    ]
    ended = [
        [task.name, task.node or "-", f"{task.updated[:19]}Z", task.state, task.error]
        for task in status.tasks
        if task.error
    ]
    return [
        *site_lines(names, nodes, running, ports[0] if ports else None),
        "",
        *table(["RELEASE", "AT", "BY", "", "IMAGES"], rows),
        *(["", *table(["FAILED TASK", "NODE", "AT", "STATE", "ERROR"], ended)] if ended else []),
        "",
        *([f"Problem: {problem}" for problem in status.problems] or ["No problem found."]),
    ]


def silence_lines(observed: Mapping[str, Seen | Unreachable]) -> list[str]:
    """Say why nobody can tell the state of a site, and what to do where that is clear.

    :param observed: see ``describe``
    """
    lines = ["No manager can tell the state of the swarm:"]
    for name, seen in observed.items():
        if isinstance(seen, Seen):
            lines.append(f"  {name}: its swarm is {seen.swarm.state} {seen.swarm.error}".rstrip())
        else:
            lines.append(f"  {_not_observed(name, seen)}")
    states = {name: seen.swarm.state if isinstance(seen, Seen) else "" for name, seen in observed.items()}
    stopped = [name for name, state in states.items() if state == "stopped"]
    if stopped:
        lines.append(f"The engine of {', '.join(stopped)} is stopped; run site.yml, which starts it.")
    elif set(states.values()) == {"inactive"}:
        lines.append("No host is in a swarm, as before the first run and after a reset; run site.yml.")
    return lines


def _not_observed(name: str, host: Unreachable) -> str:
    reason = " ".join(host.reason.split()).removeprefix("Task failed: ").rstrip(":.")
    return f"{name} could not be observed: {reason}"


def _short(image: str) -> str:
    """Shorten ``host:port/name@sha256:digest`` to ``name@digest``, with as many digits as tell images apart."""
    name, _, digest = image.rsplit("/", 1)[-1].partition("@sha256:")
    return f"{name}@{digest[:12]}" if digest else name


def _host_problems(observed: Mapping[str, Seen | Unreachable], asked: bool) -> Iterator[str]:
    for name, seen in observed.items():
        if isinstance(seen, Unreachable):
            yield _not_observed(name, seen)
        elif seen.page and asked:
            yield f"{name} does not answer the page: {seen.page}"


def _node_problems(names: Mapping[str, str], nodes: Sequence[Node]) -> Iterator[str]:
    elsewhere = moved(names, nodes)
    present = {*(node.address for node in nodes), *elsewhere.values()}
    for address, name in names.items():
        if address not in present:
            yield f"{name} is in the inventory and not in the swarm; run site.yml"
    for node in nodes:
        yield from _problems_of(node, names, elsewhere)


def _problems_of(node: Node, names: Mapping[str, str], elsewhere: Mapping[str, str]) -> Iterator[str]:
    name = names.get(node.address, node.hostname)
    if node.id in elsewhere:
        yield (
            f"{name} is at {node.address} in the swarm and at {elsewhere[node.id]} in the inventory; correct the "
            "inventory, or run site.yml if the host has moved"
        )
    elif node.address not in names:
        yield f"{name} ({node.address}) is in the swarm and not in the inventory"
    if node.state != "ready":
        yield f"{name} is {node.state}"
    elif node.reachability == "unreachable":
        yield f"{name} is ready, but the other managers do not reach it"
    if node.availability != "active":
        yield f"{name} takes no tasks, its availability is {node.availability}"


def _stack_problems(running: Stack, nodes: Mapping[str, str]) -> Iterator[str]:
    if not running.services:
        yield "the stack has no services; run site.yml"
    for name, service in running.services.items():
        state = judge({name: service})
        if state.done:
            continue
        yield f"{name} is at {state.sizes[name]}" + (f", {state.failure}" if state.failure else "")
        if state.trouble:
            task = state.trouble.task
            yield f"{name}.{task.slot} on {nodes.get(task.node, 'no node')} is {task.state}: {task.error}"
    for reason in differences(running.record.file, running) if running.record else ():
        yield f"not as release {running.releases[-1].number} was: {reason}; run site.yml"
