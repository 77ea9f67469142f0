"""Plan how engines are restarted without a lost request: in which order, and what is kept off each host meanwhile.

Its tasks are moved to other nodes, each successor healthy before it goes, by a constraint that the service has for so
long; a node that only drains ends tasks first. What a killed run leaves of this is put back before the next restart;
where there is none, it is drift of nodes and services like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from ...module_utils.observation import Observed
from ...module_utils.observation.stack import Service, Stack
from ...module_utils.observation.swarm import Node
from ..model.change import Change
from ..model.phase import Phase
from ..model.problem import Problem
from ..stacks.file import VOLUME_CONSTRAINT, StackFile
from ..stacks.placement import fits, of_node
from ..swarm.quorum import at_risk, majority
from .arguments.common import Page
from .arguments.docker import Move, Turn
from .arguments.swarm import PutBack
from .result import HostPlan
from .situation import Situation

AWAY = "node.id!="


def order(now: Situation, names: Collection[str]) -> tuple[str, ...]:
    """Put the hosts of a rolling change in order: what one engine does not survive then reaches no more than a worker.

    :param names: inventory names
    :return: workers, those without data first; then managers, the leader last
    """
    nodes = {node.id: node for node in _nodes(now)}

    def rank(name: str) -> tuple[bool, bool, bool]:
        observed = now.observed[name]
        node = nodes.get(observed.swarm.node_id)
        has_data = any(any(volumes.values()) for volumes in observed.volumes.values())
        return name in now.site.managers, bool(node and node.leader), has_data

    return tuple(sorted((name for name in now.hosts if name in names), key=rank))


def plan_turn(now: Situation, name: str, order: tuple[str, ...], files: Mapping[str, StackFile]) -> Turn:
    """Plan what surrounds the change of a host; nothing is moved, and nobody led elsewhere, where there is no other.

    :param order: of all hosts that are changed
    :param files: by stack, whose pages the host must answer afterwards
    """
    node, pages = _node_of(now, name), _pages(now, now.observed[name], files)
    if not node:
        return Turn(order=order, pages=pages)
    others, availability = _others(now, node), now.desired(name).member.availability
    moves = tuple(
        Move(stack=stack, service=service, timeout=timeout)
        for stack, service, timeout in _services(now)
        if availability != "drain" and not _stays(now, stack, service, others)
    )
    ports = {port for stack, service, _ in _services(now) for port in _live(now, stack, service).ingress_ports}
    redirect = next((each.address for each in others if each.address), "") if ports else ""
    return Turn(
        order=order,
        pages=pages,
        manager=name if node.is_manager else _asked(now)[0],
        node=node.id if moves else "",
        moves=moves,
        availability=availability,
        redirect=redirect,
        ports=tuple(sorted(ports)) if redirect else (),
    )


def problems(now: Situation, order: Sequence[str]) -> Iterator[Problem]:
    """Check that a majority of the managers stays alive while each of them is away; one or two have none to lose.

    :param order: inventory names of the hosts that are changed
    """
    managers = [node for node in _nodes(now) if node.is_manager]
    dead = [node.hostname for node in managers if node.reachability != "reachable"]
    changed = [name for name in order if name in now.answering]
    alive = len(managers) - len(dead) - 1
    if len(managers) > 2 and changed and alive < majority(len(managers)):
        yield at_risk(f"changing {changed[0]}", alive, len(managers), f"Bring {', '.join(dead)} back")


def without_moves(turn: Turn) -> Turn:
    """Return a turn of a host whose engine is not stopped: its tasks stay, and it serves its visitors."""
    return Turn(order=turn.order, pages=turn.pages)


def notes(now: Situation, name: str) -> Iterator[str]:
    """Say which services stop with a host that is changed, and why."""
    node = _node_of(now, name)
    if not node:
        return
    others = _others(now, node)
    for stack, service, _timeout in _services(now):
        runs_there = any(task.is_up and task.node == node.id for task in _live(now, stack, service).tasks)
        reason = _stays(now, stack, service, others) if runs_there else ""
        if reason:
            yield f"{stack}_{service} stops while the host is changed ({reason})"


def order_notes(order: Sequence[str]) -> Iterator[str]:
    """Say in which order hosts are changed, where there are several.

    :param order: inventory names
    """
    if len(order) > 1:
        yield f"hosts are changed one after another: {', '.join(order)}"


def plan_put_back(now: Situation, name: str) -> HostPlan:
    """Let the manager that was asked put back what a killed run left, before the next engine is restarted."""
    nodes = {node.id: node for node in _nodes(now)}
    if not nodes or name != _asked(now)[0]:
        return HostPlan()
    paused = tuple(node.id for node in nodes.values() if node.availability == "pause" and _takes_tasks(now, node))
    services = {
        f"{stack}_{service}": left
        for stack, service, _timeout in _services(now)
        if (left := _left(now, stack, service))
    }
    if not paused and not services:
        return HostPlan()
    texts = [f"let {nodes[ident].hostname} take tasks again" for ident in paused]
    texts += [f"let {service} run on every node again" for service in services]
    return HostPlan(
        put_back=PutBack(nodes=paused, services=services), changes={Phase.PUT_BACK: tuple(map(Change, texts))}
    )


def _asked(now: Situation) -> tuple[str, Observed | None]:
    return next(iter(now.answering.items()), ("", None))


def _nodes(now: Situation) -> Sequence[Node]:
    observed = _asked(now)[1]
    return (observed and observed.nodes) or ()


def _running(now: Situation, stack: str) -> Stack:
    observed = _asked(now)[1]
    return ((observed and observed.stacks) or {}).get(stack) or Stack()


def _services(now: Situation) -> Iterator[tuple[str, str, int]]:
    """Name all services that run: stack, name, and the seconds that the stack may take."""
    for stack in now.site.stacks:
        for service in _running(now, stack.name).services:
            yield stack.name, service, stack.timeout


def _live(now: Situation, stack: str, service: str) -> Service:
    return _running(now, stack).services[service]


def _node_of(now: Situation, name: str) -> Node | None:
    own = now.observed[name].swarm.node_id
    return next((node for node in _nodes(now) if node.id == own), None)


def _others(now: Situation, node: Node) -> list[Node]:
    return [each for each in _nodes(now) if each.id != node.id and _takes_tasks(now, each)]


def _pages(now: Situation, observed: Observed, files: Mapping[str, StackFile]) -> dict[str, Page]:
    """Return by stack the pages that a host must answer again: those that it answers now."""
    ports = {name: file.page_port for name, file in files.items()}
    return {
        stack.name: Page(port=port, path=stack.check_path)
        for stack in now.site.stacks
        if (port := ports.get(stack.name)) and not observed.pages.get(stack.name)
    }


def _takes_tasks(now: Situation, node: Node) -> bool:
    """Tell whether a node takes tasks when it is asked to: a pause that a killed run left is put back before."""
    hosts = [name for name, observed in now.observed.items() if observed.swarm.node_id == node.id]
    desired = now.desired(hosts[0]).member.availability if hosts else node.availability
    return node.state == "ready" and "active" in (node.availability, node.availability == "pause" and desired)


def _stays(now: Situation, stack: str, name: str, others: Sequence[Node]) -> str:
    """Say why a service's tasks cannot be moved to other nodes first, ``""`` where they can."""
    service = _live(now, stack, name)
    if not service.is_replicated:
        return "it runs on every node"
    if VOLUME_CONSTRAINT.search("\n".join(service.constraints)):
        return "its data is there"
    if not service.starts_first:
        return "its update stops a task before it starts the next"
    left = _left(now, stack, name)
    room = [node for node in others if fits([each for each in service.constraints if each not in left], of_node(node))]
    if not room or service.max_per_node * len(room) < service.size * bool(service.max_per_node):
        return "no other node may run it"
    return ""


def _left(now: Situation, stack: str, service: str) -> tuple[str, ...]:
    """List the constraints that keep a service off nodes though its release does not have them."""
    running = _running(now, stack)
    live, spec = running.services[service], running.record.specs.get(service) if running.record else None
    own = replace(live, spec=spec).constraints if spec else ()
    return tuple(each for each in live.constraints if each.startswith(AWAY) and each not in own)
