"""Plan the gate at the end of a run: whatever it changed, it is green only if every service of every stack serves.

It judges what runs, and what the run makes of it: a stack that the inventory has and nobody has deployed is no fault of
the run, and one that was edited since is judged as it was deployed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ...module_utils.observation import Observed
from ..model.change import Change
from ..model.intent import Intent
from ..model.phase import Phase
from ..model.site import Stack
from ..stacks.file import Page, parse
from ..swarm.membership import Membership
from . import unreachable
from .arguments.stack import CheckedStack, CheckPage, CheckServices, Visit
from .intents import GATE
from .result import NO_CHANGES, HostPlan
from .situation import Situation
from .stack import StackDecision, StackDecisions

# Seconds that services must stay at their size: twice what Swarm itself watches a new task for.
STEADY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A stack that is judged.

    :ivar page: ``None`` where it publishes none
    :ivar skip_wait_for: services that are not waited for
    """

    stack: Stack
    page: Page | None
    skip_wait_for: Sequence[str]


def plan_host(now: Situation, members: Membership, decided: StackDecisions, name: str) -> HostPlan:
    """Let the deploy manager see every service at its size, and each member visit every page."""
    judged = [
        Judged(stack=each.stack, page=each.plan.page, skip_wait_for=each.plan.skip_wait_for)
        for each in decided.each
        if each.is_there
    ]
    changes = tuple(_waits(now, decided, name)) if _visits(now, name) else ()
    planned = _plan(now, members.deploy_manager, judged, name)
    return replace(planned, changes={Phase.CHECK_PAGE: changes} if changes else NO_CHANGES)


def plan_running(now: Situation, manager: str) -> dict[str, HostPlan]:
    """Plan the gate of a run that deploys nothing: all stacks that run are judged by their last releases.

    :param manager: inventory name of the one that answers for the swarm
    :return: by inventory name
    """
    observed, judged = now.observed[manager], []
    for stack in now.site.stacks:
        running = (observed.stacks or {}).get(stack.name)
        if running and running.services:
            file = parse(running.record.file) if running.record else None
            judged.append(
                Judged(
                    stack=stack,
                    page=file.page(stack.port) if file else None,
                    skip_wait_for=unreachable.not_waited_for(now, file, observed) if file else (),
                )
            )
    return {name: _plan(now, manager, judged, name) for name in now.hosts}


def keep(hosts: Mapping[str, HostPlan], is_changed: bool) -> dict[str, HostPlan]:
    """Leave the gate out where nothing was or will be changed."""
    return {name: host if is_changed else host.only(lambda phase: phase not in GATE) for name, host in hosts.items()}


def _plan(now: Situation, manager: str, judged: Sequence[Judged], name: str) -> HostPlan:
    return HostPlan(
        check_services=_check_services(judged) if judged and name == manager else None,
        check_page=_check_page(judged) if _visits(now, name) else None,
    )


def _visits(now: Situation, name: str) -> bool:
    """Tell whether pages must answer through a host: it is a node, or ``site.yml`` makes it one."""
    return name in now.members and (now.intent is Intent.SITE or now.observed[name].swarm.is_member)


def _check_services(judged: Sequence[Judged]) -> CheckServices:
    return CheckServices(
        checks=tuple(
            CheckedStack(
                stack=each.stack.name,
                timeout=each.stack.timeout,
                skip_wait_for=tuple(each.skip_wait_for),
                steady=STEADY,
            )
            for each in judged
        )
    )


def _check_page(judged: Sequence[Judged]) -> CheckPage | None:
    pages = {
        each.stack.name: Visit(
            port=each.page.port,
            path=each.stack.check_path,
            visits=each.page.visits,
            # An app is not ready without its data, whose host is away.
            ready_path="" if each.skip_wait_for else each.stack.ready_path,
        )
        for each in judged
        if each.page
    }
    return CheckPage(pages=pages) if pages else None


def _waits(now: Situation, decided: StackDecisions, name: str) -> Iterator[Change]:
    """Say which pages do not answer on a host, though nothing that the run deploys would explain it."""
    for each in decided.each:
        silence = _silence(each, now.observed[name]) if each.is_there and not each.changes else ""
        if silence:
            yield Change(f"{now.site.title(each.stack.name)}wait for the page ({silence})")


def _silence(decided: StackDecision, observed: Observed) -> str:
    """Say why a stack's page does not answer, ``""`` where it does.

    Hosts were asked at the inventory's port. Where what runs has another, as after a rollback, that tells nothing.
    """
    page, visited = decided.plan.page, parse(decided.stack.text).page(decided.stack.port)
    told = page and visited and page.port == visited.port
    return observed.pages.get(decided.stack.name, "") if told else ""
