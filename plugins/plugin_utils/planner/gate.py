"""Plan the gate at the end of a run: whatever it changed, it is green only if every service of every stack serves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from ...module_utils.observation import Observed
from ..model.change import Change
from ..model.phase import Phase
from ..model.site import Stack
from ..stacks.file import parse
from ..swarm.membership import Membership
from .arguments.stack import CheckedStack, CheckPage, CheckServices, Visit
from .result import NO_CHANGES, HostPlan
from .situation import Situation
from .stack import StackDecision, StackDecisions

GATE = (Phase.CHECK_SERVICES, Phase.CHECK_PAGE)
# Seconds that services must stay at their size: twice what Swarm itself watches a new task for.
STEADY = 10
NOBODY: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def plan_host(now: Situation, members: Membership, decided: StackDecisions, name: str) -> HostPlan:
    """Let the deploy manager see every service at its size, and each member visit every page."""
    if name not in now.members:
        return HostPlan()
    changes = tuple(_waits(now, decided, name))
    return HostPlan(
        check_services=_check_decided(decided) if name == members.deploy_manager else None,
        check_page=_check_page(decided),
        changes={Phase.CHECK_PAGE: changes} if changes else NO_CHANGES,
    )


def keep(hosts: Mapping[str, HostPlan], is_changed: bool) -> dict[str, HostPlan]:
    """Leave the gate out where nothing was or will be changed."""
    return {name: host if is_changed else host.only(lambda phase: phase not in GATE) for name, host in hosts.items()}


def check_services(stacks: Iterable[Stack], skip_wait_for: Mapping[str, tuple[str, ...]] = NOBODY) -> CheckServices:
    """See the services of stacks at their size.

    :param skip_wait_for: by stack, services that are not waited for
    """
    return CheckServices(
        checks=tuple(
            CheckedStack(
                stack=stack.name,
                timeout=stack.timeout,
                skip_wait_for=skip_wait_for.get(stack.name, ()),
                steady=STEADY,
            )
            for stack in stacks
        )
    )


def _check_decided(decided: StackDecisions) -> CheckServices | None:
    stacks = [each.stack for each in decided.each]
    return check_services(stacks, decided.skip_wait_for) if stacks else None


def _check_page(decided: StackDecisions) -> CheckPage | None:
    pages = {
        each.stack.name: Visit(
            port=page.port,
            path=each.stack.check_path,
            visits=page.visits,
            # An app is not ready without its data, whose host is away.
            ready_path="" if each.plan.skip_wait_for else each.stack.ready_path,
        )
        for each in decided.each
        if (page := each.plan.page)
    }
    return CheckPage(pages=pages) if pages else None


def _waits(now: Situation, decided: StackDecisions, name: str) -> Iterator[Change]:
    """Say which pages do not answer on a host, though nothing that the run deploys would explain it."""
    for each in decided.each:
        silence = "" if each.changes else _silence(each, now.observed[name])
        if silence:
            yield Change(f"{now.site.title(each.stack.name)}wait for the page ({silence})")


def _silence(decided: StackDecision, observed: Observed) -> str:
    """Say why a stack's page does not answer, ``""`` where it does.

    Hosts were asked at the inventory's port. Where what runs has another, as after a rollback, that tells nothing.
    """
    page, visited = decided.plan.page, parse(decided.stack.text).page(decided.stack.port)
    told = page and visited and page.port == visited.port
    return observed.pages.get(decided.stack.name, "") if told else ""
