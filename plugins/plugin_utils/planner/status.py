"""Plan what ``status.yml`` tells: nothing is changed, and a host that is away is a part of the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..checks.tables import STATUS_RULES
from ..hosts import mesh
from ..model.intent import Intent
from ..model.problem import Code, Problem, find
from ..stacks.file import parse
from .arguments.preflight import Pending, ReportStatus
from .intents import GATE
from .remove import LEFT, left_stacks
from .result import HostPlan, Plan
from .site import plan_site
from .situation import Situation, no_manager


def plan_status(now: Situation) -> Plan:
    """Let the first manager that answers for the swarm tell the state of the site, and what a run would do about it."""
    if not now.answering:
        return Plan(problems=(*now.wrong, no_manager(now), *_states(now)))
    # What cannot be read or makes no sense is not planned with.
    run = Plan(problems=now.wrong) if now.wrong else plan_site(replace(now, intent=Intent.SITE))
    if run.rehearse:
        return run
    pages = {stack.name: parse(stack.text).page(stack.port) for stack in now.site.stacks}
    report = ReportStatus(
        # Other hosts are in no swarm, so a page through them is nothing to ask for; one that is away is told.
        hosts=tuple(name for name in now.hosts if name in now.site.members or name in now.away),
        names={now.addresses[name]: name for name in now.site.members},
        ports={stack: page.port for stack, page in pages.items() if page},
        problems=(*(str(problem) for problem in (*run.problems, *find(now.facts, STATUS_RULES))), *_doubts(now)),
        # Pages that do not answer are told of their hosts already.
        pending=tuple(Pending(hosts=step.hosts, text=step.text) for step in run.steps() if step.phase not in GATE),
    )
    manager = next(iter(now.answering))
    return Plan(hosts={**{name: HostPlan() for name in now.hosts}, manager: HostPlan(report_status=report)})


def _doubts(now: Situation) -> Iterator[str]:
    yield from (LEFT.format(name) for name in left_stacks(now))
    manager = next(iter(now.answering.values()))
    for name, observed in now.members.items():
        absence = mesh.absence(observed, manager)
        yield from (f"{name}: {doubt}" for doubt in (*mesh.doubts(observed, manager), *filter(None, [absence])))


def _states(now: Situation) -> Iterator[Problem]:
    """Say of members why they cannot tell the state of the swarm."""
    for name in now.site.members:
        if name in now.away:
            yield _state(name, Code.HOST_NOT_OBSERVED, f"it could not be reached ({now.away[name]})", "Bring it back")
        elif name in now.stopped:
            yield _state(name, Code.ENGINE_STOPPED, "its engine is stopped", "Run site.yml, which starts it")


def _state(name: str, code: Code, found: str, fix: str) -> Problem:
    return Problem(code=code, hosts=(name,), found=found, expected="an answer for the swarm", fix=fix)
