"""Spread tasks over nodes: Swarm itself moves no running task, so a new node, or one that was away, stays empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ...module_utils.observation.service import Service
from ...module_utils.observation.swarm import Node
from .placement import fits, is_judged, of_node


def takes(node: Node, service: Service) -> bool:
    """Tell whether a node takes tasks of a service."""
    return node.state == "ready" and node.availability == "active" and fits(service.constraints, of_node(node))


def empty_nodes(service: Service, nodes: Sequence[Node]) -> list[Node]:
    """List the nodes that have no task of a service, though another has two or more."""
    counts = _counts(service, nodes) if is_free(service) else {}
    return [node for node in nodes if counts.get(node.id) == 0 and max(counts.values()) > 1]


def surplus(service: Service, nodes: Sequence[Node], *, only_to_empty: bool = False) -> int:
    """Count the tasks that must move until no node has two more than another.

    Swarm adds a task on the node with the fewest of its service, and takes one from that with the most: as many tasks
    as this move if so many are added, and then taken away (swarmkit, manager/orchestrator/replicated/services.go).

    :param only_to_empty: whether only nodes that have none now get any
    """
    counts = _counts(service, nodes)
    targets = [id for id, count in counts.items() if count == 0 or not only_to_empty]
    moves = 0
    while targets:
        fullest, emptiest = max(counts, key=counts.__getitem__), min(targets, key=counts.__getitem__)
        if counts[fullest] - counts[emptiest] < 2:
            break
        counts[fullest] -= 1
        counts[emptiest] += 1
        moves += 1
    return moves


def is_free(service: Service) -> bool:
    """Tell whether nothing but its constraints on nodes decides where its tasks run, as far as this module judges it.

    What a service reserves, prefers, or asks of engines, Swarm alone weighs against all that runs.
    """
    return not service.has_wishes and all(is_judged(text) for text in service.constraints)


def movable(services: Mapping[str, Service]) -> Iterator[tuple[str, Service]]:
    """Choose the services of which a task can move without a gap: its successor runs before it ends."""
    for name, service in sorted(services.items()):
        if service.is_replicated and service.starts_first:
            yield name, service


def _counts(service: Service, nodes: Sequence[Node]) -> dict[str, int]:
    """Count a service's tasks on each node that takes some, by node ID."""
    running = Counter(task.node for task in service.tasks if task.is_up)
    return {node.id: running[node.id] for node in nodes if takes(node, service)}
