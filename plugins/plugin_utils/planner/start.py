"""Plan only the way to running engines: a member whose engine is stopped cannot tell of its swarm.

The hosts then go through phase ``again``: a second observation, and the plan of all the rest.
"""

from __future__ import annotations

from ..checks.hosts import SETTINGS_RULES
from ..model.change import Change
from ..model.problem import Code, Problem, find
from .host import plan_host
from .situation import Situation
from .work import HostPlan, Plan, Work

AGAIN = "look at its swarm once the engine runs, and plan the rest then"


def plan_start(now: Situation) -> Plan:
    """Plan the start of engines."""
    if now.site.intent != "site":
        return Plan(problems=(_stopped(now.stopped),))
    refused = find(now.facts, SETTINGS_RULES)
    if refused:
        return Plan(problems=refused)
    managers = [name for name in now.site.managers if name in now.seen]
    answering = [name for name in managers if now.seen[name].nodes is not None]
    via = (answering or managers or now.stopped)[0]
    hosts = {name: _plan_host(now, name) for name in now.hosts}
    hosts[via] = hosts[via].and_then(Work("lock"))
    return Plan(hosts=hosts, via=via, stack={"release": {}})


def _plan_host(now: Situation, name: str) -> HostPlan:
    again = (Work("docker", (Change("docker", AGAIN),)),) if name in now.stopped else ()
    return plan_host(now, name).and_then(*again, Work("again"))


def _stopped(names: list[str]) -> Problem:
    return Problem(
        code=Code.ENGINE_STOPPED,
        hosts=tuple(names),
        found="an engine that is stopped",
        expected="an engine that runs",
        fix="Run site.yml, which starts it",
    )
