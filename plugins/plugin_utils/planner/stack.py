"""Decide what happens to each stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...module_utils.observation import Observed
from ...module_utils.observation.host import LocalImage
from ...module_utils.observation.stack import Stack as RunningStack
from ..checks.stack_file import AllFacts, StackFacts, check_constraints, ports_are_not_taken, ports_are_published_once
from ..checks.tables import find_stack_problems
from ..images.pulls import missing_images
from ..model.change import Change
from ..model.intent import Intent
from ..model.phase import Phase
from ..model.problem import Problem, ProblemError
from ..model.site import Image, Stack
from ..registry import logins
from ..stacks import adoption, data, release_plan, releases
from ..stacks.file import parse
from ..stacks.placement import Candidate
from ..stacks.release_plan import WAIT, StackPlan
from ..swarm.membership import Membership
from . import host, intents, unreachable
from .images import Digests
from .situation import Situation

EMPTY = RunningStack()
TAKE_OVER = "take it over as it runs, but for what is told here"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackDecision:
    """What is decided about one stack.

    :ivar is_deployed: whether the run makes of it what is planned; else it stays as it runs
    :ivar changes: what is done to it
    :ivar republished: services whose published ports are others than in the last release, or will be
    :ivar draft: the stack file whose deploy is to be rehearsed before it can be decided, ``""`` for none
    :ivar problems: what stands against taking it over
    """

    stack: Stack
    is_deployed: bool
    plan: StackPlan
    data: data.Verdict
    changes: tuple[Change, ...]
    republished: tuple[str, ...] = ()
    draft: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def is_there(self) -> bool:
        """Tell whether anything of it runs once the run is over."""
        return self.is_deployed or bool(self.plan.running.services)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackDecisions:
    """What is decided about all stacks.

    :ivar each: in the order of the inventory, without those that cannot be planned for a problem
    :ivar manager: the manager that was asked, ``None`` before there is a swarm
    :ivar problems: what forbids the run
    :ivar beside: what is wrong and does not concern the run
    :ivar missing: the images that are made
    :ivar pulls: by inventory name, the images to pull before an update
    :ivar old_images: by inventory name, the images of releases that are gone
    """

    each: tuple[StackDecision, ...]
    manager: Observed | None
    problems: tuple[Problem, ...]
    beside: tuple[Problem, ...] = ()
    missing: tuple[Image, ...] = ()
    pulls: Mapping[str, Sequence[str]] = field(default_factory=dict)
    old_images: Mapping[str, tuple[LocalImage, ...]] = field(default_factory=dict)

    @property
    def drafts(self) -> Mapping[str, str]:
        """Return by stack the stack files whose deploy is to be rehearsed."""
        return {each.stack.name: each.draft for each in self.each if each.draft}

    @property
    def skip_wait_for(self) -> Mapping[str, tuple[str, ...]]:
        """Return by stack the services that are not waited for."""
        return {each.stack.name: each.plan.skip_wait_for for each in self.each}

    @property
    def volume_labels(self) -> set[str]:
        """Collect the labels of the volumes of the stacks that are deployed."""
        files = [each.plan.definition.file for each in self.each if each.is_deployed]
        return {label for file in files for label in file.volume_labels}


def decide(now: Situation, members: Membership, digests: Digests) -> StackDecisions:
    """Plan the stacks and check them against their data, the hosts and each other."""
    manager = now.observed.get(members.join_manager)
    each, problems, beside = [], list[Problem](), list[Problem]()
    for stack in now.site.stacks:
        try:
            decision = _decide(now, members, digests, manager, stack)
        except ProblemError as error:
            problems.append(now.site.titled(stack.name, error.problem))
        else:
            each.append(decision)
            told = [now.site.titled(stack.name, problem) for problem in (*decision.data.problems, *decision.problems)]
            concerns = decision.is_deployed or now.intent is not Intent.ROLLBACK
            (problems if concerns else beside).extend(told)
    nodes = tuple(_candidates(now, members, manager))
    if len(each) == len(now.site.stacks):
        complete = not now.away and not members.problems
        problems += _check(now, manager, each, nodes if complete else ())
    return StackDecisions(
        each=tuple(each),
        manager=manager,
        problems=tuple(problems),
        beside=tuple(beside),
        missing=_missing(now, each),
        pulls=_pulls(now, each, nodes),
        old_images=_old_images(now, each),
    )


def _decide(
    now: Situation, members: Membership, digests: Digests, manager: Observed | None, stack: Stack
) -> StackDecision:
    """Decide about one stack.

    :raise ProblemError: the input forbids a plan
    """
    running = ((manager and manager.stacks) or {}).get(stack.name, EMPTY)
    is_deployed = _is_deployed(now, stack, running)
    plan = _plan(now, digests, manager, stack, running) if is_deployed else _leave(now, manager, stack, running)
    check_constraints(plan.definition.rendered)
    verdict = data.judge(
        stack,
        plan.definition.file,
        now.observed,
        (manager and manager.nodes) or (),
        members.labels,
        plan.running,
        restored=[name for name, owner in now.site.backup.saved.volumes.items() if owner == stack.name],
    )
    drains = any(change.availability == "drain" for change in members.settings.values())
    changes = tuple(_changes(now, plan, verdict, drains)) if is_deployed else ()
    decision = StackDecision(
        stack=stack,
        is_deployed=is_deployed,
        plan=plan,
        data=verdict,
        changes=changes,
        republished=plan.republished,
    )
    return _take_over(now, members, manager, decision) if changes and adoption.foreign(plan.running) else decision


def _take_over(now: Situation, members: Membership, manager: Observed | None, decision: StackDecision) -> StackDecision:
    """Decide about a stack that runs already; what was decided before images were made, stays decided.

    :param decision: as if flotilla had deployed what runs
    """
    if now.passed not in (None, Phase.OBSERVE_SWARM):
        return decision
    stack, running = decision.stack, decision.plan.running
    rehearsal = ((manager and manager.rehearsals) or {}).get(stack.name)
    if not rehearsal:
        return replace(decision, draft=releases.steps(decision.plan.definition.rendered.text, "", stack=stack.name)[-1])
    if rehearsal.error:
        return replace(decision, problems=(adoption.refused(rehearsal),))
    found = adoption.judge(running, rehearsal, tuple(_candidates(now, members, manager)))
    known = len(decision.plan.changes)
    return replace(
        decision,
        changes=(
            *(replace(change, text=TAKE_OVER) for change in decision.changes[:1]),
            *(Change(str(each)) for each in found),
            *decision.changes[known:],
        ),
        republished=adoption.republished(running, rehearsal),
        problems=() if stack.adopt else tuple(adoption.differs(stack.name, each) for each in found if each.asks),
    )


def _is_deployed(now: Situation, stack: Stack, running: RunningStack) -> bool:
    """Tell whether the run may change a stack; a site that is brought to its inventory has all of them."""
    if not intents.deploys(now.intent) or (now.asks_registry and not now.is_served):
        return False
    if now.evicted:
        # What was never deployed has nothing that anybody could have read.
        return bool(running.record)
    if now.intent is Intent.ROLLBACK and not now.site.chosen:
        # Of several, one that is gone back with is named.
        return len(now.site.stacks) == 1
    return now.intent is Intent.SITE or now.site.is_chosen(stack.name)


def _leave(now: Situation, manager: Observed | None, stack: Stack, running: RunningStack) -> StackPlan:
    skip_wait_for = unreachable.not_waited_for(now, parse(running.record.file), manager) if running.record else ()
    return release_plan.leave(stack, running, skip_wait_for)


def _plan(now: Situation, digests: Digests, manager: Observed | None, stack: Stack, running: RunningStack) -> StackPlan:
    skip_wait_for = unreachable.not_waited_for(now, parse(stack.text), manager)
    # Hosts log in by these alone, so the other playbooks have no new login to give.
    gives_login = now.intent in (Intent.SITE, Intent.EVICT)
    new_login = gives_login and logins.is_new_to_services(manager, running, host.is_renewed(now))
    return release_plan.plan_stack(now.site, stack, now.intent, running, digests.known, skip_wait_for, new_login)


def _changes(now: Situation, plan: StackPlan, verdict: data.Verdict, drains: bool) -> list[Change]:
    """List what is done to a stack.

    :param drains: whether a node is drained in this run
    """
    losses = [Change(f"let {name} start empty, as its data is lost") for name in verdict.losses]
    return [*plan.changes, *losses] or [Change(WAIT)] * (drains and now.is_served)


def _check(
    now: Situation, manager: Observed | None, each: Sequence[StackDecision], nodes: tuple[Candidate, ...]
) -> tuple[Problem, ...]:
    """Check the stacks against each other, against what else runs in the swarm, and against the hosts.

    :param nodes: none where not all hosts are known
    """
    files = {one.stack.name: one.plan.definition.rendered for one in each if one.is_there}
    deployed = {one.stack.name: files[one.stack.name] for one in each if one.is_deployed}
    try:
        twice = tuple(ports_are_published_once(files))
    except ProblemError as error:
        return (error.problem,)
    names = [stack.name for stack in now.site.stacks]
    taken = tuple(ports_are_not_taken(deployed, names, manager)) if manager else ()
    if not nodes:
        return (*twice, *taken)
    secrets = {name for one in each for name in (*one.plan.running.secret_names, *one.plan.definition.secret_objects)}
    networks = {one.stack.name: one.plan.running.networks for one in each}
    facts = {name: StackFacts(file, nodes, secrets, name, networks[name]) for name, file in deployed.items()}
    # What others reserve beside a release that is gone back to, they have already.
    counted = AllFacts(deployed if now.intent is Intent.ROLLBACK else files, nodes)
    return (*twice, *taken, *find_stack_problems(facts, counted, now.site, now.members))


def _missing(now: Situation, each: Sequence[StackDecision]) -> tuple[Image, ...]:
    """Collect the images that any stack needs and the registry does not have."""
    if now.asks_registry and not now.is_served:
        return ()
    return tuple({image.reference: image for one in each for image in one.plan.definition.missing}.values())


def _candidates(now: Situation, members: Membership, manager: Observed | None) -> Iterator[Candidate]:
    """Describe hosts as nodes that services are placed on, as they will be when the stack is deployed."""
    there = {node.id: node.labels for node in (manager and manager.nodes) or ()}
    for name, observed in now.members.items():
        yield Candidate(
            name=name,
            id=observed.swarm.node_id,
            hostname=observed.system.hostname,
            role="manager" if name in now.site.managers else "worker",
            labels={**there.get(observed.swarm.node_id, {}), **members.labels.get(name, {})},
            cpus=observed.system.cpus,
            memory_mib=observed.system.memory_mib,
            takes_tasks=now.desired(name).member.availability == "active",
        )


def _pulls(now: Situation, each: Sequence[StackDecision], nodes: Sequence[Candidate]) -> Mapping[str, list[str]]:
    """Find by host the images to pull before an update.

    Before the first deploy of a stack nobody waits for its tasks, which pull for themselves.
    """
    updated = [one.plan.definition.rendered for one in each if one.changes and one.plan.running.services]
    services = [service for file in updated for service in file.services.values()]
    if not services:
        return {}
    local = {name: observed.local_images for name, observed in now.observed.items()}
    made = {image.reference for image in _missing(now, each)}
    found = missing_images(now.site.registry.url.images, services, nodes, local)
    return {
        name: [image for image in images if not (name == now.builder and image in made)]
        for name, images in found.items()
    }


def _old_images(now: Situation, each: Sequence[StackDecision]) -> Mapping[str, tuple[LocalImage, ...]]:
    """Find by host the images of releases that are gone; what another stack needs stays."""
    if not now.is_served:
        return {}
    kept = [file for one in each for file in one.plan.kept]
    needed = releases.needed_images(kept, now.site.images)
    repositories = {image.repository for image in now.site.images}
    return {
        name: tuple(releases.old_images(needed, repositories, observed.local_images))
        for name, observed in now.observed.items()
    }
