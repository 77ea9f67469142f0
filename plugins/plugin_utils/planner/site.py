"""Plan what brings the site, or the part of it that the intent names, to what the inventory says.

Each phase is planned on the state that the one before it will have left. Where nobody can know that, as with the
digests of images that are still to be made, the hosts are observed and the run is planned once more behind that phase.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..checks.tables import find_host_problems
from ..model.problem import Problem, ProblemError
from ..model.site import Site
from ..stacks.file import parse
from ..swarm import membership
from ..swarm.membership import Membership
from . import frame, images, intents, stack, swarm
from .host import is_renewed, plan_engine, plan_registry
from .images import Digests
from .result import HostPlan, Plan, merge
from .situation import Situation
from .stack import StackDecision
from .start import plan_start


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What is decided about the site as a whole, and the problems that forbid the run."""

    digests: Digests
    members: Membership
    stack: StackDecision
    problems: tuple[Problem, ...]


def plan_site(now: Situation) -> Plan:
    """Decide what each host has to do."""
    if now.stopped:
        return plan_start(now)
    decided = decide(now)
    if decided.problems or not decided.stack.plan:
        return Plan(problems=decided.problems)
    everything = {name: merge(*_parts(now, decided, name)) for name in now.hosts}
    chosen = frame.defer(now, decided.stack, intents.limit(now.intent, everything))
    return Plan(
        warnings=(*decided.digests.warnings, *decided.members.warnings),
        hosts=frame.add(now, decided.members, decided.stack, chosen),
        notes=(*intents.left_out(now.intent, everything), *decided.stack.plan.definition.notes),
    )


def decide(now: Situation) -> Decisions:
    """Decide about images, members and the stack, and check everything that the run relies on."""
    digests = images.choose_digests(now)
    members = membership.decide(now.site, now.hosts, now.addresses, _pinning(now.site), retire=now.is_served)
    decided = stack.decide(now, members, digests)
    problems = (
        *find_host_problems(now.facts, now.asks_registry),
        *decided.problems,
        *members.problems,
        *images.check_builder(now, decided.missing(now)),
    )
    return Decisions(
        digests=digests,
        members=members,
        stack=decided,
        problems=problems or tuple(intents.check(now, members)),
    )


def _pinning(site: Site) -> list[str]:
    """Return the labels that pin the stack's volumes; a stack file with a fault has none, and is told of later."""
    try:
        return parse(site.stack.text).volume_labels
    except ProblemError:
        return []


def _parts(now: Situation, decided: Decisions, name: str) -> Iterator[HostPlan]:
    """Plan one host, topic by topic; one that could not be reached has its place in the swarm alone."""
    missing = decided.stack.missing(now)
    if name in now.seen:
        yield plan_engine(now, name, missing, file=decided.stack.file)
        yield plan_registry(now, name, is_renewed(now))
        yield images.plan_builder(now, name, missing)
    yield swarm.plan_member(now, decided.members, name, decided.stack.skip_wait_for)
    yield stack.plan_host(now, decided.members, decided.stack, name)
