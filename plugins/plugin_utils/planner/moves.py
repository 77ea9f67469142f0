"""Tell which services can leave a node before it is changed, and what of an earlier move was left."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from ...module_utils.observation import Observed
from ...module_utils.observation.service import Service
from ...module_utils.observation.stack import Stack
from ...module_utils.observation.swarm import Node
from ...module_utils.swarm import ENDED
from ..stacks.file import VOLUME_CONSTRAINT
from ..stacks.placement import fits, of_node
from .situation import Situation

AWAY = "node.id!="


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A service that runs.

    :ivar timeout: seconds that its stack may take to get to its size
    :ivar left: constraints that keep it off nodes though its release does not have them
    :ivar size: how many tasks it has by its release
    """

    stack: str
    name: str
    live: Service
    timeout: int
    left: tuple[str, ...]
    size: int

    @property
    def full_name(self) -> str:
        """Return its name in the swarm."""
        return f"{self.stack}_{self.name}"

    @property
    def is_too_large(self) -> bool:
        """Tell whether it has more tasks than that, as it is given for so long while some move to other nodes."""
        return self.live.is_replicated and self.live.starts_first and self.live.size > self.size

    def as_put_back(self) -> Service:
        """Return it as it is once what was left of a move is put back."""
        spec = self.live.without_constraints(self.left)
        if not self.is_too_large:
            return replace(self.live, spec=spec)
        return replace(self.live, spec={**spec, "Mode": {"Replicated": {"Replicas": self.size}}}, size=self.size)

    def runs_on(self, node: Node) -> bool:
        """Tell whether it has a task there."""
        return any(task.is_up and task.node == node.id for task in self.live.tasks)

    def stays(self, others: Sequence[Node]) -> str:
        """Say why its tasks cannot be moved to other nodes first, ``""`` where they can."""
        if not self.live.is_replicated:
            return "it runs on every node"
        if VOLUME_CONSTRAINT.search("\n".join(self.live.constraints)):
            return "its data is there"
        if not self.live.starts_first:
            return "its update stops a task before it starts the next"
        own = [each for each in self.live.constraints if each not in self.left]
        room, most = [node for node in others if fits(own, of_node(node))], self.live.max_per_node
        if not room or (most and most * len(room) < self.live.size):
            return "no other node may run it"
        return ""


def asked(now: Situation) -> tuple[str, Observed | None]:
    """Return the manager that told of the swarm, by its inventory name; ``""`` for none."""
    return next(iter(now.answering.items()), ("", None))


def nodes(now: Situation) -> Sequence[Node]:
    """List the nodes, as that manager sees them."""
    observed = asked(now)[1]
    return (observed and observed.nodes) or ()


def node_of(now: Situation, name: str) -> Node | None:
    """Return the node that a host is."""
    own = now.observed[name].swarm.node_id
    return next((node for node in nodes(now) if node.id == own), None)


def others(now: Situation, away: Collection[str]) -> list[Node]:
    """List the nodes that take tasks, without those that do not now.

    :param away: node IDs
    """
    return [node for node in taking(now) if node.id not in away]


def taking(now: Situation) -> list[Node]:
    """List the nodes that take tasks when they are asked to: a pause that a killed run left is put back before."""
    ends_active = {
        observed.swarm.node_id
        for name, observed in now.observed.items()
        if observed.swarm.node_id and now.desired(name).member.availability == "active"
    }
    return [
        node
        for node in nodes(now)
        if node.state == "ready"
        and (node.availability == "active" or (node.availability == "pause" and node.id in ends_active))
    ]


def services(now: Situation) -> Iterator[Running]:
    """List all services that run."""
    stacks = (observed.stacks if (observed := asked(now)[1]) else None) or {}
    for stack in now.site.stacks:
        found = stacks.get(stack.name) or Stack()
        for name, live in found.services.items():
            yield Running(
                stack=stack.name,
                name=name,
                live=live,
                timeout=stack.timeout,
                left=_left(found, name),
                size=found.size_of(name),
            )


def strange_tasks(now: Situation, node: Node) -> int:
    """Count the tasks on a node whose services are not in the inventory: nothing else is known of them."""
    own = sum(
        task.node == node.id and task.state not in ENDED for service in services(now) for task in service.live.tasks
    )
    return max(0, node.tasks - own)


def mesh_ports(now: Situation) -> tuple[int, ...]:
    """List the TCP ports that every node has through the routing mesh, whoever deployed the service."""
    observed = asked(now)[1]
    sockets = [socket for socket, each in observed.published.items() if each.ingress] if observed else []
    return tuple(sorted(int(socket.removesuffix("/tcp")) for socket in sockets if socket.endswith("/tcp")))


def _left(stack: Stack, name: str) -> tuple[str, ...]:
    live, spec = stack.services[name], stack.record.specs.get(name) if stack.record else None
    own = replace(live, spec=spec).constraints if spec else ()
    return tuple(each for each in live.constraints if each.startswith(AWAY) and each not in own)
