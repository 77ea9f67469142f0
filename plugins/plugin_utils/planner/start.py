"""Plan only the way to running engines: a member whose engine is stopped cannot tell of its swarm.

Then all hosts are observed once more, and all the rest is planned.
"""

from __future__ import annotations

from dataclasses import replace

from ..checks.hosts import SETTINGS_RULES
from ..model.change import Change
from ..model.intent import Intent
from ..model.phase import Phase
from ..model.problem import Code, Problem, find
from . import frame
from .arguments.common import Nothing
from .arguments.docker import Batches
from .host import plan_engine, restart_order
from .result import HostPlan, Plan
from .situation import Situation

AGAIN = "observe its swarm once the engine runs, and plan the rest then"


def plan_start(now: Situation) -> Plan:
    """Plan the start of engines."""
    if now.intent is not Intent.SITE:
        return Plan(problems=(_stopped(now),))
    refused = find(now.facts, SETTINGS_RULES)
    if refused:
        return Plan(problems=refused)
    managers = [name for name in now.site.managers if name in now.observed]
    first = [*now.answering, *managers, *now.stopped][0]
    order = restart_order(now)
    hosts = {name: _plan_host(now, name, order) for name in now.hosts}
    hosts[first] = replace(hosts[first], lock=frame.lock(now, first))
    return Plan(hosts=hosts)


def _plan_host(now: Situation, name: str, order: Batches) -> HostPlan:
    again = (Change(AGAIN),) if name in now.stopped else ()
    host = plan_engine(now, name, order, more=again) if name in now.observed else HostPlan()
    # Engines that run are restarted behind that: only then is it known where their tasks can go.
    return replace(host.only(lambda phase: not phase.comes_after(Phase.OBSERVE_SWARM)), observe_swarm=Nothing())


def _stopped(now: Situation) -> Problem:
    again = " and puts back what a run left that was ended; then this again" if now.intent is Intent.UPGRADE else ""
    return Problem(
        code=Code.ENGINE_STOPPED,
        hosts=tuple(now.stopped),
        found="an engine that is stopped",
        expected="an engine that runs",
        fix=f"Run site.yml, which starts it{again}",
    )
