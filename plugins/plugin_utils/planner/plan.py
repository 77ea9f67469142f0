"""Make the plan of a whole run from one observation of all hosts.

Pure: the same observations give the same plan, and nothing is asked or changed. Each phase is planned on the state that
the one before it will have left. Where nobody can know that, as with the digests of images that are still to be made,
the hosts are observed and the run is planned once more behind that phase.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..checks.tables import find_host_problems
from ..model.intent import Intent
from ..model.observation import Observation
from ..model.problem import Problem, ProblemError
from ..model.site import Site
from ..stacks.file import parse
from ..swarm import membership
from ..swarm.membership import Membership
from . import frame, images, intents, stack, swarm
from .host import is_renewed, plan_engine, plan_registry
from .result import HostPlan, Plan, merge
from .situation import Situation, assess
from .stack import StackDecision
from .start import plan_start


def make_plan(site: Site, observations: Mapping[str, Observation], intent: Intent) -> Plan:
    """Decide what each host has to do.

    :param observations: by inventory name, of all hosts of the site
    """
    now = assess(site, observations, intent)
    if now.stopped:
        return plan_start(now)
    digests = images.choose_digests(now)
    members = membership.decide(site, observations, now.addresses, _pinning(site), retire=now.is_served)
    decided = stack.decide(now, members, digests)
    problems = _find_problems(now, members, decided) or tuple(intents.check(now, members))
    if problems or not decided.plan:
        return Plan(problems=problems)
    everything = {name: _plan_host(now, members, decided, name) for name in observations}
    chosen = intents.limit(intent, everything)
    return Plan(
        warnings=(*digests.warnings, *members.warnings),
        hosts=frame.add(now, members, decided, frame.defer(now, decided, chosen)),
        notes=(*intents.left_out(intent, everything), *decided.plan.definition.notes),
    )


def _pinning(site: Site) -> list[str]:
    """Return the labels that pin the stack's volumes; a stack file with a fault has none, and is told of later."""
    try:
        return parse(site.stack.text).volume_labels
    except ProblemError:
        return []


def _find_problems(now: Situation, members: Membership, decided: StackDecision) -> tuple[Problem, ...]:
    """Find everything that forbids the run."""
    return (
        *find_host_problems(now.facts, now.asks_registry),
        *decided.problems,
        *members.problems,
        *images.check_builder(now, decided.missing(now)),
    )


def _plan_host(now: Situation, members: Membership, decided: StackDecision, name: str) -> HostPlan:
    """Plan one host, topic by topic; one that could not be reached has its place in the swarm alone."""
    return merge(*_parts(now, members, decided, name))


def _parts(now: Situation, members: Membership, decided: StackDecision, name: str) -> Iterator[HostPlan]:
    missing, skipped = decided.missing(now), decided.plan.excused if decided.plan else ()
    if name in now.seen:
        yield plan_engine(now, name, missing, file=decided.file)
        yield plan_registry(now, name, is_renewed(now))
        yield images.plan_builder(now, name, missing)
    yield swarm.plan_member(now, members, name, skipped)
    yield stack.plan_host(now, members, decided, name)
