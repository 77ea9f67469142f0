"""Plan the spreading of running tasks over all nodes: Swarm itself moves no running task."""

from __future__ import annotations

from collections.abc import Iterator

from ...module_utils.observation import Observed
from ...module_utils.observation.stack import Stack as RunningStack
from ..model.change import Change
from ..model.phase import Phase
from ..model.site import Stack
from ..stacks import spread, state
from ..swarm.membership import Membership
from . import frame, gate
from .arguments.common import Nothing
from .arguments.stack import Rebalance, Spread
from .result import HostPlan, Plan, merge
from .situation import Situation, no_manager
from .stack import StackDecision, StackDecisions


def plan_rebalance(now: Situation) -> Plan:
    """Let the first manager that answers spread the services that are uneven, one after another."""
    managers = now.answering
    if not managers:
        return Plan(problems=(no_manager(now),))
    manager, observed = next(iter(managers.items()))
    found = dict(each for stack in now.site.stacks for each in _uneven(stack, observed))
    services = tuple(found)
    hosts = {name: HostPlan() for name in now.hosts}
    if services:
        hosts = gate.plan_running(now, manager)
        work = HostPlan(
            lock=frame.lock(now, manager),
            rebalance=Rebalance(services=services),
            unlock=Nothing(),
            changes={Phase.REBALANCE: tuple(_change(now, each, moved) for each, moved in found.items())},
        )
        hosts[manager] = merge(hosts[manager], work)
    return Plan(hosts=hosts)


def plan_host(now: Situation, members: Membership, decided: StackDecisions, name: str) -> HostPlan:
    """Let empty nodes get their share, where that is set; a deploy places tasks by itself."""
    observed = now.observed.get(name)
    if name != members.deploy_manager or not observed:
        return HostPlan()
    stacks = [each.stack for each in decided.each if each.stack.spread and _is_whole(each)]
    found = dict(each for stack in stacks for each in _with_empty_nodes(stack, observed))
    if not found:
        return HostPlan()
    changes = tuple(_change(now, each, moved) for each, moved in found.items())
    return HostPlan(rebalance=Rebalance(services=tuple(found)), changes={Phase.REBALANCE: changes})


def _is_whole(decided: StackDecision) -> bool:
    """Tell whether a stack is whole, and no deploy places its tasks in this run.

    While a service waits for a host that is away, its stack cannot be whole, and is left as it is.
    """
    plan = decided.plan
    return not decided.changes and not plan.skip_wait_for and state.judge(plan.running.services).done


def _uneven(stack: Stack, observed: Observed) -> Iterator[tuple[Spread, int]]:
    """Choose what is spread, each with how many tasks move: also what a killed run left larger than it is to be."""
    running = (observed.stacks or {}).get(stack.name) or RunningStack()
    for name, service in spread.movable(running.services):
        moved = spread.surplus(service, observed.nodes or ())
        if moved or service.size > running.size_of(name):
            yield _spread(stack, running, name, moved), moved


def _with_empty_nodes(stack: Stack, observed: Observed) -> Iterator[tuple[Spread, int]]:
    running = (observed.stacks or {}).get(stack.name) or RunningStack()
    for name, service in spread.movable(running.services):
        # Without a health check a successor is taken for ready before it is.
        is_safe = service.has_health_check and spread.is_free(service)
        moved = spread.surplus(service, observed.nodes or (), only_to_empty=True) if is_safe else 0
        if moved:
            yield _spread(stack, running, name, moved), moved


def _spread(stack: Stack, running: RunningStack, service: str, moved: int) -> Spread:
    """Return what moves tasks and leaves the size of the last release, or a smaller one that somebody has set."""
    live = running.services[service].size
    size = min(live, running.size_of(service))
    return Spread(stack=stack.name, service=service, size=size, extra=live - size + moved, timeout=stack.timeout)


def _change(now: Situation, each: Spread, moved: int) -> Change:
    back = f"bring {each.service} back to its size of {each.size}" if each.extra > moved else ""
    tasks = "one task" if moved == 1 else f"{moved} tasks"
    move = f"move {tasks} of {each.service} to nodes that have fewer" if moved else ""
    return Change(f"{now.site.title(each.stack)}{' and '.join(filter(None, [back, move]))}")
