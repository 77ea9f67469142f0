"""Plan the spreading of running tasks over all nodes: Swarm itself moves no running task."""

from __future__ import annotations

from collections.abc import Iterator

from ...module_utils.observation import Observed
from ..model.change import Change
from ..model.phase import Phase
from ..stacks import state
from . import frame, gate
from .arguments.common import Nothing
from .arguments.stack import Rebalance, Spread
from .result import HostPlan, Plan
from .situation import Situation, no_manager


def plan_rebalance(now: Situation) -> Plan:
    """Let the first manager that answers spread the services that are uneven, one after another."""
    managers = now.answering
    if not managers:
        return Plan(problems=(no_manager(now),))
    manager, observed = next(iter(managers.items()))
    services = tuple(_uneven(now, observed))
    hosts = {name: HostPlan() for name in now.hosts}
    if services:
        hosts[manager] = HostPlan(
            lock=frame.lock(now, manager),
            rebalance=Rebalance(services=services),
            check_services=gate.check_services(now.site.stacks),
            unlock=Nothing(),
            changes={Phase.REBALANCE: tuple(_change(now, each) for each in services)},
        )
    return Plan(hosts=hosts)


def _uneven(now: Situation, observed: Observed) -> Iterator[Spread]:
    for stack in now.site.stacks:
        running = (observed.stacks or {}).get(stack.name)
        for name in state.services_to_spread(running.services if running else {}, observed.nodes or ()):
            yield Spread(stack=stack.name, service=name, timeout=stack.timeout)


def _change(now: Situation, each: Spread) -> Change:
    return Change(f"{now.site.title(each.stack)}spread the tasks of {each.service} over the nodes")
