"""Make the plan of a whole run from one observation of all hosts.

Pure: the same observations give the same plan, and nothing is asked or changed. The plan goes all the way to the stack
even where hosts are still bare, because each phase is planned on the state that the one before it will have left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ..checks.tables import find_host_problems
from ..model.change import Change
from ..model.observation import Observation
from ..model.problem import Problem, ProblemError
from ..model.site import Site
from ..stacks.file import parse
from ..swarm import membership
from ..swarm.membership import Membership
from . import images, intent, unreachable
from . import stack as stacks
from .host import is_renewed, plan_host, plan_registry
from .situation import Situation, assess
from .stack import StackDecision
from .start import plan_start
from .work import HostPlan, Plan, Work, work


def make_plan(site: Site, hosts: Mapping[str, Observation]) -> Plan:
    """Decide what each host has to do.

    :param hosts: by inventory name, all of the site's
    """
    now = assess(site, hosts)
    if now.stopped:
        return plan_start(now)
    digests = images.choose_digests(now)
    members = membership.decide(site, hosts, now.addresses, _pinning(site), retire=now.is_served)
    stack = stacks.decide(now, members, digests)
    problems = _find_problems(now, members, stack) or tuple(intent.check(now, members))
    if problems or not stack.plan:
        return Plan(problems=problems)
    everything = {name: _plan_host(now, name, members, stack) for name in hosts}
    plans = _add_stack(now, members, stack, everything)
    chosen = intent.limit(site.intent, plans)
    return Plan(
        warnings=(*digests.warnings, *members.warnings),
        hosts=_frame(members, chosen),
        via=members.via,
        keeper=members.keeper,
        dead=members.dead(),
        builder=now.builder,
        digests=digests.known,
        stack=stack.plan.as_dict(stack.data.allow_empty, site.user),
        notes=(*intent.left_out(site.intent, plans), *stack.plan.definition.notes),
    )


def _pinning(site: Site) -> list[str]:
    """Return the labels that pin the stack's volumes; a stack file with a fault has none, and is told of later."""
    try:
        return parse(site.stack.text).volume_labels
    except ProblemError:
        return []


def _find_problems(now: Situation, members: Membership, stack: StackDecision) -> tuple[Problem, ...]:
    """Find everything that forbids the run."""
    return (
        *find_host_problems(now.facts, now.asks_registry),
        *stack.problems,
        *members.problems,
        *images.check_builder(now, stack.missing(now)),
    )


def _plan_host(now: Situation, name: str, members: Membership, stack: StackDecision) -> HostPlan:
    """Plan a host as far as its own state, its place in the swarm and the images that it makes."""
    missing, steps = stack.missing(now), members.of(name)
    nodes = (stack.manager and stack.manager.nodes) or ()
    host = plan_host(now, name, missing)
    return replace(
        host,
        works=(
            *host.works,
            *plan_registry(now, name, is_renewed(now)),
            *(Work(step.phase, (Change("swarm", step.text),)) for step in steps),
            *images.plan_builder(now, name, missing),
        ),
        node=members.settings.get(name),
        joins=any(step.kind == "join" for step in steps),
        retire=tuple(step.kind for step in steps if step.phase == "retire"),
        unreachable=unreachable.describe(now, name, nodes) if name in now.away else "",
    )


def _add_stack(
    now: Situation, members: Membership, stack: StackDecision, hosts: Mapping[str, HostPlan]
) -> dict[str, HostPlan]:
    """Add what hosts do for the stack: pull before, deploy, visit and clean up behind it."""
    pulled, old = stacks.pulls(now, stack), stacks.old_images(now, stack)

    def of_host(name: str) -> Iterator[Work]:
        yield from work("pull", [Change("stack", f"pull {image}") for image in pulled.get(name, ())])
        if name == members.keeper:
            yield from work("stack", stack.changes(now))
        yield from stacks.plan_page(now, stack, name)
        if name == members.keeper:
            yield from stacks.plan_removals(now, stack)
        yield from stacks.plan_images(old.get(name, ()))

    return {
        name: replace(
            host, works=(*host.works, *of_host(name)), pulls=tuple(pulled.get(name, ())), old_images=old.get(name, ())
        )
        for name, host in hosts.items()
    }


def _frame(members: Membership, hosts: Mapping[str, HostPlan]) -> dict[str, HostPlan]:
    """Add the phases around all others: the lock where there is anything to do, the report, and who was not reached."""
    changes = any(host.changes for host in hosts.values())
    framed = {name: host.and_then(Work("absent")) if host.unreachable else host for name, host in hosts.items()}
    framed[members.keeper] = framed[members.keeper].and_then(Work("report"))
    if changes:
        framed[members.via] = framed[members.via].and_then(Work("lock"))
    return framed
