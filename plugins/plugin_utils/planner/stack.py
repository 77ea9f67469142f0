"""Decide what happens to the stack, and what every node does for it before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..checks.stack_file import StackFacts
from ..checks.tables import find_stack_problems
from ..images.pulls import missing_images
from ..model.change import Change
from ..model.observation import LocalImage, Seen, Stack
from ..model.problem import Problem, ProblemError
from ..model.site import Image
from ..registry import logins
from ..stacks import data, release_plan, releases
from ..stacks.file import parse
from ..stacks.placement import Candidate
from ..stacks.release_plan import WAIT, StackPlan
from ..swarm.membership import Membership
from . import host, unreachable
from .images import Digests
from .situation import Situation
from .work import Work, work

EMPTY = Stack()
NO_VERDICT = data.Verdict()


@dataclass(frozen=True, slots=True, kw_only=True)
class StackDecision:
    """What is decided about the stack.

    :ivar plan: ``None`` where problems forbid one
    :ivar manager: the manager that was asked, ``None`` before there is a swarm
    """

    plan: StackPlan | None = None
    data: data.Verdict = NO_VERDICT
    nodes: tuple[Candidate, ...] = ()
    manager: Seen | None = None
    problems: tuple[Problem, ...] = ()
    drains: bool = False

    def changes(self, now: Situation) -> tuple[Change, ...]:
        """Return what is done to the stack itself."""
        if not self.plan or (now.asks_registry and not now.is_served):
            return ()
        losses = tuple(Change("stack", f"let {name} begin anew, as its data is lost") for name in self.data.losses)
        found = self.plan.changes + losses
        return found or ((Change("stack", WAIT),) if self.drains and now.is_served else ())

    def missing(self, now: Situation) -> tuple[Image, ...]:
        """Return the images that are made."""
        return self.plan.definition.missing if self.plan and (now.is_served or not now.asks_registry) else ()


def decide(now: Situation, members: Membership, digests: Digests) -> StackDecision:
    """Plan the stack and check it against the data and the hosts."""
    manager = now.seen.get(members.via)
    try:
        plan = _plan(now, members, digests, manager)
        nodes = tuple(_candidates(now, members, manager))
        verdict = data.judge(
            now.site.stack,
            plan.definition.file,
            now.seen,
            (manager and manager.nodes) or (),
            members.labels,
            plan.running,
        )
        complete = not now.away and not members.problems
        problems = (*verdict.problems, *(_check(now, plan, nodes) if complete else ()))
    except ProblemError as error:
        return StackDecision(manager=manager, problems=(error.problem,))
    drains = any(change.availability == "drain" for change in members.settings.values())
    return StackDecision(plan=plan, data=verdict, nodes=nodes, manager=manager, problems=problems, drains=drains)


def _plan(now: Situation, members: Membership, digests: Digests, manager: Seen | None) -> StackPlan:
    nodes = (manager and manager.nodes) or ()
    addresses = {now.addresses[name] for name in now.away}
    excused = unreachable.excused(parse(now.site.stack.text), addresses, nodes)
    # Hosts log in by site.yml alone, so the other playbooks have no new login to give.
    new_login = now.site.intent == "site" and logins.is_new_to_services(manager, host.is_renewed(now))
    running = (manager and manager.stack) or EMPTY
    return release_plan.plan_stack(now.site, running, digests.known, excused, new_login)


def _check(now: Situation, plan: StackPlan, nodes: tuple[Candidate, ...]) -> tuple[Problem, ...]:
    secrets = {*plan.running.secret_names, *plan.definition.secret_objects}
    return find_stack_problems(StackFacts(plan.definition.rendered, nodes, secrets), now.site, now.members)


def _candidates(now: Situation, members: Membership, manager: Seen | None) -> Iterator[Candidate]:
    """Describe hosts as nodes that services are placed on, as they will be when the stack is deployed."""
    there = {node.id: node.labels for node in (manager and manager.nodes) or ()}
    for name, seen in now.members.items():
        yield Candidate(
            name=name,
            id=seen.swarm.node_id,
            hostname=seen.system.hostname,
            role="manager" if name in now.site.managers else "worker",
            labels={**there.get(seen.swarm.node_id, {}), **members.labels.get(name, {})},
            cpus=seen.system.cpus,
            memory_mib=seen.system.memory_mib,
            takes_tasks=now.desired(name).member.availability == "active",
        )


def pulls(now: Situation, stack: StackDecision) -> Mapping[str, list[str]]:
    """Find by host the images to pull before an update.

    Before the first deploy nobody waits for tasks, which pull for themselves.
    """
    if not stack.plan or not stack.changes(now) or not stack.plan.running.services:
        return {}
    services = stack.plan.definition.rendered.services.values()
    local = {name: seen.local_images for name, seen in now.seen.items()}
    made = {image.reference for image in stack.missing(now)}
    found = missing_images(now.site.registry.url.text, services, stack.nodes, local)
    return {
        name: [image for image in images if not (name == now.builder and image in made)]
        for name, images in found.items()
    }


def plan_page(now: Situation, stack: StackDecision, name: str) -> Iterator[Work]:
    """Let a member's page be visited after a deploy, or waited for.

    Hosts were asked at the inventory's port. Where what runs has another, as after a rollback, that tells nothing.
    """
    if not stack.plan or name not in now.members:
        return
    page, seen = stack.plan.page, now.seen[name]
    told = page and [page.port] == parse(now.site.stack.text).published()[:1]
    if stack.changes(now):
        yield Work("page")
    elif seen.page and told:
        yield Work("page", (Change("stack", f"wait for the page ({seen.page})"),))


def old_images(now: Situation, stack: StackDecision) -> Mapping[str, tuple[LocalImage, ...]]:
    """Find by host the images of releases that are gone."""
    if not stack.plan or not now.is_served:
        return {}
    needed = releases.needed_images(stack.plan.kept, now.site.images)
    repositories = {image.repository for image in now.site.images}
    return {
        name: tuple(releases.old_images(needed, repositories, seen.local_images)) for name, seen in now.seen.items()
    }


def plan_removals(now: Situation, stack: StackDecision) -> tuple[Work, ...]:
    """Remove the secrets and configs that no release needs."""
    if not stack.plan or not now.is_served:
        return ()
    old = stack.plan.old
    texts = [f"remove {kind[:-1]} {name}, which no release needs" for kind in old for name in old[kind]]
    return work("clean", [Change("stack", text) for text in texts])


def plan_images(images: tuple[LocalImage, ...]) -> tuple[Work, ...]:
    """Remove a host's images that no release needs."""
    return work(
        "clean", [Change("stack", f"remove image {image.names[0]}, which no release needs") for image in images]
    )
