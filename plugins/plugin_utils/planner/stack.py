"""Decide what happens to the stack, and what every node does for it before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...module_utils.observation import Seen
from ...module_utils.observation.host import LocalImage
from ...module_utils.observation.stack import Stack
from ..checks.stack_file import StackFacts
from ..checks.tables import find_stack_problems
from ..images.pulls import missing_images
from ..model.change import Change
from ..model.intent import Intent
from ..model.phase import Phase
from ..model.problem import Problem, ProblemError
from ..model.site import Image
from ..registry import logins
from ..stacks import backup, data, release_plan, releases
from ..stacks.file import StackFile, parse
from ..stacks.placement import Candidate
from ..stacks.release_plan import WAIT, StackPlan
from ..swarm.membership import Membership
from . import host, unreachable
from .arguments import CheckPage, CleanUp, Deploy, PullImages, Release
from .images import Digests
from .result import HostPlan, merge
from .situation import Situation

EMPTY = Stack()
NO_VERDICT = data.Verdict()


@dataclass(frozen=True, slots=True, kw_only=True)
class StackDecision:
    """What is decided about the stack.

    :ivar plan: ``None`` where problems forbid one
    :ivar manager: the manager that was asked, ``None`` before there is a swarm
    :ivar drains: whether a node is drained in this run
    :ivar pulls: by inventory name, the images to pull before an update
    :ivar old_images: by inventory name, the images of releases that are gone
    """

    plan: StackPlan | None = None
    data: data.Verdict = NO_VERDICT
    nodes: tuple[Candidate, ...] = ()
    manager: Seen | None = None
    problems: tuple[Problem, ...] = ()
    drains: bool = False
    pulls: Mapping[str, Sequence[str]] = field(default_factory=dict)
    old_images: Mapping[str, tuple[LocalImage, ...]] = field(default_factory=dict)

    @property
    def file(self) -> StackFile | None:
        """Return the stack file that this run deploys."""
        return self.plan.definition.rendered if self.plan else None

    @property
    def skip_wait_for(self) -> tuple[str, ...]:
        """Return the services that are not waited for."""
        return self.plan.excused if self.plan else ()

    def changes(self, now: Situation) -> tuple[Change, ...]:
        """Return what is done to the stack itself."""
        if not self.plan or (now.asks_registry and not now.is_served):
            return ()
        losses = tuple(Change(f"let {name} begin anew, as its data is lost") for name in self.data.losses)
        found = self.plan.changes + losses
        return found or ((Change(WAIT),) if self.drains and now.is_served else ())

    def missing(self, now: Situation) -> tuple[Image, ...]:
        """Return the images that are made."""
        return self.plan.definition.missing if self.plan and (now.is_served or not now.asks_registry) else ()


def decide(now: Situation, members: Membership, digests: Digests) -> StackDecision:
    """Plan the stack and check it against the data and the hosts."""
    manager = now.seen.get(members.join_manager)
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
            restored=(backup.SERVICE,) if now.intent is Intent.RESTORE else (),
        )
        complete = not now.away and not members.problems
        problems = (*verdict.problems, *(_check(now, plan, nodes) if complete else ()))
    except ProblemError as error:
        return StackDecision(manager=manager, problems=(error.problem,))
    drains = any(change.availability == "drain" for change in members.settings.values())
    decision = StackDecision(plan=plan, data=verdict, nodes=nodes, manager=manager, problems=problems, drains=drains)
    return replace(decision, pulls=_pulls(now, decision), old_images=_old_images(now, decision))


def _plan(now: Situation, members: Membership, digests: Digests, manager: Seen | None) -> StackPlan:
    nodes = (manager and manager.nodes) or ()
    addresses = {now.addresses[name] for name in now.away}
    excused = unreachable.excused(parse(now.site.stack.text), addresses, nodes)
    # Hosts log in by site.yml alone, so the other playbooks have no new login to give.
    new_login = now.intent is Intent.SITE and logins.is_new_to_services(manager, host.is_renewed(now))
    running = (manager and manager.stack) or EMPTY
    return release_plan.plan_stack(now.site, now.intent, running, digests.known, excused, new_login)


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


def plan_host(now: Situation, members: Membership, stack: StackDecision, name: str) -> HostPlan:
    """Plan what a host does for the stack: pull before, deploy, visit the page and clean up behind it."""
    if not stack.plan:
        return HostPlan()
    acts = name == members.deploy_manager
    return merge(
        _plan_pull(stack.pulls.get(name, ())),
        _plan_deploy(now, stack, stack.plan) if acts else HostPlan(),
        _plan_page(now, stack, stack.plan, name),
        _plan_clean_up(stack.plan.old if acts and now.is_served else {}, stack.old_images.get(name, ())),
    )


def _plan_pull(images: Sequence[str]) -> HostPlan:
    if not images:
        return HostPlan()
    changes = tuple(Change(f"pull {image}") for image in images)
    return HostPlan(pull_images=PullImages(images=tuple(images)), changes={Phase.PULL_IMAGES: changes})


def _plan_deploy(now: Situation, stack: StackDecision, plan: StackPlan) -> HostPlan:
    changes = stack.changes(now)
    if not changes:
        return HostPlan()
    text, previous = plan.definition.rendered.text, plan.previous
    mounted = sorted(plan.running.mounts("Secret"))
    goes_back = previous.number and previous.file != text
    deploy = Deploy(
        steps=tuple(releases.steps(text, previous.file, stack.data.allow_empty, mounted, plan.republished)),
        steps_back=tuple(releases.steps(previous.file, text)) if goes_back else (),
        secrets=plan.definition.secrets,
        configs=plan.definition.configs,
        skip_wait_for=plan.excused,
        release=Release(
            file=text, rollback_to=plan.definition.rollback_to, left=plan.definition.left, by=now.site.user
        ),
        previous=previous,
        registry=now.site.registry.url.server,
    )
    return HostPlan(deploy=deploy, changes={Phase.DEPLOY: changes})


def _plan_page(now: Situation, stack: StackDecision, plan: StackPlan, name: str) -> HostPlan:
    """Let a member's page be visited after a deploy, or waited for.

    Hosts were asked at the inventory's port. Where what runs has another, as after a rollback, that tells nothing.
    """
    page = plan.page
    if not page or name not in now.members:
        return HostPlan()
    seen = now.seen[name]
    told = page.port == parse(now.site.stack.text).page_port
    check = CheckPage(port=page.port, path=now.site.stack.check_path, visits=page.visits)
    if stack.changes(now):
        return HostPlan(check_page=check)
    if seen.page and told:
        return HostPlan(check_page=check, changes={Phase.CHECK_PAGE: (Change(f"wait for the page ({seen.page})"),)})
    return HostPlan()


def _plan_clean_up(old: Mapping[str, Sequence[str]], images: Sequence[LocalImage]) -> HostPlan:
    """Remove the secrets, configs and images that no release needs."""
    texts = [f"remove {kind[:-1]} {name}, which no release needs" for kind in old for name in old[kind]]
    texts += [f"remove image {image.names[0]}, which no release needs" for image in images]
    if not texts:
        return HostPlan()
    clean = CleanUp(secrets=tuple(old.get("secrets", ())), configs=tuple(old.get("configs", ())), images=tuple(images))
    return HostPlan(clean_up=clean, changes={Phase.CLEAN_UP: tuple(map(Change, texts))})


def _pulls(now: Situation, stack: StackDecision) -> Mapping[str, list[str]]:
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


def _old_images(now: Situation, stack: StackDecision) -> Mapping[str, tuple[LocalImage, ...]]:
    """Find by host the images of releases that are gone."""
    if not stack.plan or not now.is_served:
        return {}
    needed = releases.needed_images(stack.plan.kept, now.site.images)
    repositories = {image.repository for image in now.site.images}
    return {
        name: tuple(releases.old_images(needed, repositories, seen.local_images)) for name, seen in now.seen.items()
    }
