"""Plan how engines are restarted without a lost request: in which order, and what is kept off each host meanwhile.

Its tasks are moved to other nodes, each successor healthy before it goes, by a constraint that the service has for so
long; a node that only drains ends tasks first. What a killed run leaves of this is put back before the next restart;
where there is none, it is drift of nodes and services like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from ...module_utils.observation import Observed
from ...module_utils.observation.stack import Service, Stack
from ...module_utils.observation.swarm import Node
from ..model.change import Change
from ..model.phase import Phase
from ..stacks.file import VOLUME_CONSTRAINT
from ..stacks.placement import Candidate, fits
from .arguments.docker import Move
from .arguments.swarm import PutBack
from .result import HostPlan
from .situation import Situation

AWAY = "node.id!="


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What surrounds the restart of one engine; all empty where nothing of the site runs there.

    :ivar manager: inventory name of the manager that acts
    :ivar node: ID, ``""`` where no task is moved
    :ivar moves: services whose tasks are kept off the node meanwhile
    :ivar stays: by service that stops with the engine, why
    :ivar redirect: address of the host that serves its visitors meanwhile, ``""`` for none
    :ivar ports: that these come for
    """

    manager: str = ""
    node: str = ""
    moves: tuple[Move, ...] = ()
    stays: tuple[tuple[str, str], ...] = ()
    redirect: str = ""
    ports: tuple[int, ...] = ()

    @property
    def notes(self) -> Iterator[str]:
        """Say what a person should read of it."""
        for service, reason in self.stays:
            yield f"{service} stops while the engine restarts ({reason})"


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


def plan_turn(now: Situation, name: str) -> Turn:
    """Plan what surrounds the restart of a host's engine."""
    nodes, own = _nodes(now), now.observed[name].swarm.node_id
    node = next((each for each in nodes if each.id == own), None)
    others = [each for each in nodes if each.id != own and _takes_tasks(now, each)]
    if not node:
        return Turn()
    moves, stays = list[Move](), dict[str, str]()
    ports = set[int]()
    for stack in now.site.stacks:
        for service, running in _running(now, stack.name).services.items():
            ports |= {*running.ingress_ports}
            reason = _stays(running, others, _left(now, stack.name, service))
            if not reason:
                moves.append(Move(stack=stack.name, service=service, timeout=stack.timeout))
            elif any(task.is_up and task.node == own for task in running.tasks):
                stays[f"{stack.name}_{service}"] = reason
    others_up = [each.address for each in others if each.address]
    return Turn(
        manager=name if node.is_manager else _asked(now)[0],
        node=own if moves else "",
        moves=tuple(moves),
        stays=tuple(stays.items()),
        redirect=others_up[0] if others_up and ports else "",
        ports=tuple(sorted(ports)) if others_up else (),
    )


def plan_put_back(now: Situation, name: str) -> HostPlan:
    """Let the manager that was asked put back what a killed run left, before the next engine is restarted."""
    nodes = {node.id: node for node in _nodes(now)}
    if not nodes or name != _asked(now)[0]:
        return HostPlan()
    paused = tuple(node.id for node in nodes.values() if node.availability == "pause" and _takes_tasks(now, node))
    services = {
        f"{stack.name}_{service}": left
        for stack in now.site.stacks
        for service in _running(now, stack.name).services
        if (left := _left(now, stack.name, service))
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


def _takes_tasks(now: Situation, node: Node) -> bool:
    """Tell whether a node takes tasks when it is asked to: a pause that a killed run left is put back before."""
    hosts = [name for name, observed in now.observed.items() if observed.swarm.node_id == node.id]
    desired = now.desired(hosts[0]).member.availability if hosts else node.availability
    return node.state == "ready" and "active" in (node.availability, node.availability == "pause" and desired)


def _stays(service: Service, others: Sequence[Node], left: Collection[str]) -> str:
    """Say why a service's tasks cannot be moved to other nodes first, ``""`` where they can.

    :param left: see ``_left``
    """
    if not service.is_replicated:
        return "it runs on every node"
    if VOLUME_CONSTRAINT.search("\n".join(service.constraints)):
        return "its data is there"
    if not service.starts_first:
        return "its update stops a task before it starts the next"
    constraints = [each for each in service.constraints if each not in left]
    room = [node for node in others if fits(constraints, _candidate(node))]
    if not room or service.max_per_node * len(room) < service.size * bool(service.max_per_node):
        return "no other node may run it"
    return ""


def _candidate(node: Node) -> Candidate:
    return Candidate(
        name=node.hostname,
        id=node.id,
        hostname=node.hostname,
        role=node.role,
        labels=node.labels,
        cpus=0,
        memory_mib=0,
    )


def _left(now: Situation, stack: str, service: str) -> tuple[str, ...]:
    """List the constraints that keep a service off nodes though its release does not have them."""
    running = _running(now, stack)
    live, spec = running.services[service], running.record.specs.get(service) if running.record else None
    own = replace(live, spec=spec).constraints if spec else ()
    return tuple(each for each in live.constraints if each.startswith(AWAY) and each not in own)
