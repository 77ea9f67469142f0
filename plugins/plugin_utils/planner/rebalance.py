"""Plan the spreading of running tasks over all nodes: Swarm itself moves no running task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...module_utils.observation import Observed
from ..model.change import Change
from ..model.phase import Phase
from ..model.problem import Code, Problem
from ..stacks import state
from . import frame
from .arguments.common import Nothing
from .arguments.stack import Rebalance, Spread
from .result import HostPlan, Plan
from .situation import Situation


def plan_rebalance(now: Situation) -> Plan:
    """Let the first manager that answers spread the services that are uneven, one after another."""
    managers = answering(now)
    if not managers:
        return Plan(problems=(no_manager(now),))
    manager, observed = next(iter(managers.items()))
    services = tuple(_uneven(now, observed))
    hosts = {name: HostPlan() for name in now.hosts}
    if services:
        hosts[manager] = HostPlan(
            lock=frame.lock(now, manager),
            rebalance=Rebalance(services=services),
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


def answering(now: Situation) -> Mapping[str, Observed]:
    """Return the managers of the inventory that answer for a swarm."""
    return {
        name: now.observed[name]
        for name in now.site.managers
        if name in now.observed and now.observed[name].nodes is not None
    }


def no_manager(now: Situation) -> Problem:
    """Describe a site of which no manager answers for a swarm, with what those say that could be asked."""
    asked = {name: now.observed[name].swarm for name in now.site.managers if name in now.observed}
    said = "; ".join(f"{name} says: {swarm.state} {swarm.error}".rstrip() for name, swarm in asked.items())
    return Problem(
        code=Code.SWARM_WITHOUT_MANAGER,
        hosts=now.site.managers,
        found=f"no manager of the inventory that answers for a swarm{f' ({said})' if said else ''}",
        expected="at least one",
        fix="Run site.yml, which sets the swarm up or says what is missing",
    )
