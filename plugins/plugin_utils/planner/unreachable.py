"""Say what a run leaves undone because hosts could not be reached."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ...module_utils.observation import Observed
from ...module_utils.observation.swarm import Node
from ..stacks.file import StackFile, parse
from ..swarm.quorum import majority
from .situation import Situation

# What ssh says of a host whose key is not the one that it recorded: the host was reinstalled, or it is another one.
CHANGED_KEY = ("HOST IDENTIFICATION HAS CHANGED", "Host key verification failed")
REGISTRY = (
    "It serves the registry: until it is back no image is made, no host logs in, no host retires, and site.yml and "
    "deploy.yml leave the stack as it is. What runs goes on, and moves to nodes that have its image"
)


def describe(now: Situation, name: str, nodes: Sequence[Node]) -> str:
    """Describe what a host that could not be reached means for the run.

    :param nodes: as the manager that was asked sees them
    :return: ``""`` for a host of group retire that has left the swarm: it may be away for ever
    """
    address, removed = now.addresses[name], name in now.site.retire
    node = next((node for node in nodes if node.address == address), None)
    if removed and not node:
        return ""
    parts = [f"{name} ({address}) could not be reached: {_reason(now.away[name], address)}"]
    parts += _as_node(now, node, nodes) if node else _elsewhere(name, nodes)
    if name == now.site.registry.host:
        parts.append(REGISTRY)
    if removed:
        parts.append(f"It did not leave the swarm. If it is gone for good: -e swarm_remove_dead={name}")
    else:
        parts.append("It was left as it is. Run again when it is back, or take it out of the inventory")
    return ". ".join(parts)


def _reason(reason: str, address: str) -> str:
    if any(text in reason for text in CHANGED_KEY):
        # Of ssh's own warning nothing else counts.
        return (
            f"its ssh key is not the known one. If it was reinstalled, forget the old key (ssh-keygen -R {address}) "
            "and log in once by ssh to take the new one; if not, somebody else may answer at its address"
        )
    return " ".join(reason.split()).removeprefix("Task failed: ").rstrip(":.")


def _as_node(now: Situation, node: Node, nodes: Sequence[Node]) -> Iterator[str]:
    yield f"The swarm sees it as {node.state}"
    if node.is_manager:
        managers = [other for other in nodes if other.is_manager]
        alive = sum(other.reachability == "reachable" for other in managers)
        yield (
            f"It is one of {len(managers)} managers, of which {alive} are reachable; a majority is "
            f"{majority(len(managers))}"
        )
    for stack in now.site.stacks:
        for service in without_data(parse(stack.text), [node.address], nodes):
            name = f"{service} of {stack.name}" if len(now.site.stacks) > 1 else service
            yield f"Service {name} runs only there, where its data is; it was not waited for"


def _elsewhere(name: str, nodes: Sequence[Node]) -> Iterator[str]:
    for other in nodes:
        if other.hostname == name:
            yield (
                f"The swarm has a node of this name at {other.address}; if the inventory has a wrong address, correct "
                "it"
            )


def not_waited_for(now: Situation, file: StackFile, manager: Observed | None) -> list[str]:
    """List the services that cannot run while hosts of this run are away, see ``without_data``.

    :param manager: that tells of the nodes, ``None`` before there is one
    """
    return without_data(file, {now.addresses[name] for name in now.away}, (manager and manager.nodes) or ())


def without_data(file: StackFile, away: Collection[str], nodes: Sequence[Node]) -> list[str]:
    """List the services that cannot run while hosts are away, because their data is there.

    :param away: addresses of the hosts that could not be reached
    """
    pinned = [
        label
        for label in file.volume_labels
        for node in nodes
        if node.labels.get(label) == "true" and node.address in away
    ]
    return file.pinned_services(pinned)
