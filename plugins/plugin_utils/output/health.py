"""Find what is wrong with a running site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...module_utils.observation.service import CRASHED, Service
from ...module_utils.observation.stack import Stack
from ...module_utils.observation.swarm import Node
from ..model.observation import Observation, Unreachable
from ..stacks.spread import empty_nodes
from ..stacks.state import differences, judge
from .report import moved, node_names

# Failed tasks in one place within an hour that are more than an accident.
CRASHES = 3


def find_problems(
    names: Mapping[str, str],
    nodes: Sequence[Node],
    running: Mapping[str, Stack],
    observed: Mapping[str, Observation],
    ports: Mapping[str, int],
) -> Iterator[str]:
    """Find what is wrong with a site, in sentences.

    :param names: see ``status.describe``, as for the others
    """
    yield from _host_problems(observed, running, ports)
    called = node_names(names, nodes)
    yield from _node_problems(names, nodes, called)
    yield from _problems_of_stacks(running, nodes, called)


def _host_problems(
    observed: Mapping[str, Observation], running: Mapping[str, Stack], ports: Mapping[str, int]
) -> Iterator[str]:
    services = [(stack, service) for stack, found in running.items() for service in found.services.values()]
    published = {(stack, port) for stack, service in services for port in service.ports}
    asked = [stack for stack, port in ports.items() if (stack, port) in published]
    for name, host in observed.items():
        if isinstance(host, Unreachable):
            yield _not_observed(name, host)
            continue
        for stack in asked:
            if host.pages.get(stack):
                of = f" of {stack}" if len(running) > 1 else ""
                yield f"{name} does not answer the page{of}: {host.pages[stack]}"


def _node_problems(names: Mapping[str, str], nodes: Sequence[Node], called: Mapping[str, str]) -> Iterator[str]:
    elsewhere = moved(names, nodes)
    present = {*(node.address for node in nodes), *elsewhere.values()}
    for address, name in names.items():
        if address not in present:
            yield f"{name} is in the inventory and not in the swarm; run site.yml"
    for node in nodes:
        yield from _problems_of(node, called[node.id], names, elsewhere)


def _problems_of(node: Node, name: str, names: Mapping[str, str], elsewhere: Mapping[str, str]) -> Iterator[str]:
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


def _problems_of_stacks(
    running: Mapping[str, Stack], nodes: Sequence[Node], called: Mapping[str, str]
) -> Iterator[str]:
    for name, stack in running.items():
        title = f"{name}: " if len(running) > 1 else ""
        for problem in _stack_problems(stack, called):
            yield f"{title}{problem}"
        for service, found in stack.services.items():
            for problem in (*_crashes(service, found, called), *_crowd(service, found, nodes, called)):
                yield f"{title}{problem}"


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


def _crashes(name: str, service: Service, nodes: Mapping[str, str]) -> Iterator[str]:
    failed = [task for task in service.tasks if task.state == CRASHED]
    if service.crashes >= CRASHES and failed:
        last = max(failed, key=lambda task: task.since)
        yield (
            f"{name} crashes again and again: {service.crashes} of its tasks failed in one place within the last hour, "
            f"the last one at {last.since[:19]}Z on {nodes.get(last.node, 'no node')}: {last.error or last.message}"
        )


def _crowd(name: str, service: Service, nodes: Sequence[Node], called: Mapping[str, str]) -> Iterator[str]:
    """Tell that one node has all tasks though others might take some: it takes the service down with it."""
    used = [task.node for task in service.tasks if task.is_up]
    free = [called[node.id] for node in empty_nodes(service, nodes)]
    if len(used) > 1 and len({*used}) == 1 and free:
        yield (
            f"all {len(used)} tasks of {name} are on {called.get(used[0], 'one node')}, though {', '.join(free)} could "
            "take some; playbooks/rebalance.yml spreads them"
        )


def _not_observed(name: str, host: Unreachable) -> str:
    reason = " ".join(host.reason.split()).removeprefix("Task failed: ").rstrip(":.")
    return f"{name} could not be observed: {reason}"
