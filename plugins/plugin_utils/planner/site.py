"""Plan what brings the site, or the part of it that the intent names, to what the inventory says.

Each phase is planned on the state that the one before it will have left. Where that cannot be told, as with the
digests of images that are still to be made, the hosts are observed and the run is planned once more behind that phase.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..checks.tables import find_host_problems
from ..model.intent import Intent
from ..model.problem import Problem
from ..stacks.file import VOLUME_PREFIX, parse
from ..swarm import membership
from ..swarm.membership import Membership
from ..swarm.view import PinnedVolume
from . import evicted, firewall, frame, gate, images, intents, put_back, rebalance, rolling, stack, stack_host, swarm
from .arguments.docker import Batches
from .host import is_renewed, plan_devices, plan_engine, plan_registry, restart_order, restarted
from .images import Digests
from .move_volume import unfinished
from .remove import LEFT, left_stacks
from .result import HostPlan, Plan, merge
from .situation import Situation
from .stack import StackDecisions
from .start import plan_start


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What is decided about the site as a whole, and the problems that forbid the run.

    :ivar beside: problems that do not concern it
    """

    digests: Digests
    members: Membership
    stacks: StackDecisions
    problems: tuple[Problem, ...]
    beside: tuple[Problem, ...] = ()


def plan_site(now: Situation) -> Plan:
    """Decide what each host has to do."""
    if now.stopped:
        return plan_start(now)
    decided = decide(now)
    if drafts := decided.stacks.drafts:
        return Plan(rehearse={decided.members.join_manager: drafts})
    if problems := (*decided.problems, *images.check_replaced(now)):
        return Plan(problems=problems)
    order = restart_order(now)
    # No other playbook restarts an engine.
    if now.intent is Intent.SITE and (at_risk := tuple(rolling.problems(now, order, restarted(now, order)))):
        return Plan(problems=at_risk)
    left: dict[str, HostPlan] = {}
    if now.intent is Intent.SITE and (order or put_back.is_begun(now)):
        # Other hosts serve their visitors again when docker is installed, which comes before.
        served = [name for batch in order for name in batch]
        left = {name: put_back.plan_host(now, name, served) for name in now.hosts}
        now = put_back.after(now)
        decided = decide(now)
    guarded = firewall.plan_hosts(now, decided.members)
    everything = {
        name: merge(*_parts(now, decided, name, order), guarded.get(name, HostPlan()), left.get(name, HostPlan()))
        for name in now.hosts
    }
    chosen = frame.defer(now, decided.stacks, intents.limit(now.intent, everything))
    return Plan(
        warnings=(*decided.digests.warnings, *decided.members.warnings),
        hosts=frame.add(now, decided.members, decided.stacks, chosen),
        notes=(
            *(rolling.order_notes(order) if now.intent is Intent.SITE else ()),
            *intents.left_out(now.intent, everything),
            *frame.notes(chosen),
            *(LEFT.format(name) for name in left_stacks(now) if now.intent is Intent.SITE),
            *(unfinished(now) if now.intent is Intent.SITE else ()),
            *(evicted.unfinished(now) if now.intent is Intent.SITE else ()),
            *_notes(now, decided.stacks),
            *(intents.BESIDE.format(problem) for problem in decided.beside),
        ),
    )


def _notes(now: Situation, decided: StackDecisions) -> Iterator[str]:
    for each in decided.each:
        for note in (*each.plan.definition.notes, *(each.stack.warnings if each.changes else ())):
            yield f"{now.site.title(each.stack.name)}{note}"


def decide(now: Situation) -> Decisions:
    """Decide about images, members and the stacks, and check everything that the run relies on."""
    digests = images.choose_digests(now)
    members = membership.decide(now.site, now.hosts, now.addresses, _pinning(now), retire=now.is_served)
    if now.intent in (Intent.STACK, Intent.EVICT):
        members = members.only_places()
    decided = stack.decide(now, members, digests)
    of_members, beside = intents.concerning(now.intent, members.problems)
    problems = (
        *find_host_problems(now.facts),
        *decided.problems,
        *of_members,
        *images.check_builder(now, decided.missing),
    )
    return Decisions(
        digests=digests,
        members=members,
        stacks=decided,
        problems=problems or tuple(intents.check(now, members, decided.volume_labels)),
        beside=(*beside, *decided.beside),
    )


def _pinning(now: Situation) -> dict[str, PinnedVolume]:
    """Return the volumes that hold services on one node, by label."""
    files = {each.name: parse(each.text) for each in now.site.stacks}
    used = _homes(now)
    labels = dict.fromkeys(label for file in files.values() for label in file.volume_labels)
    return {
        label: PinnedVolume(
            name=label.removeprefix(VOLUME_PREFIX),
            stacks=tuple(name for name, file in files.items() if label in file.volume_labels),
            beside=frozenset().union(*(file.beside(label) for file in files.values())),
            used_on=frozenset(used.get(label.removeprefix(VOLUME_PREFIX), ())),
        )
        for label in labels
    }


def _homes(now: Situation) -> dict[str, set[str]]:
    """Return by volume the nodes on which tasks use it now."""
    found: dict[str, set[str]] = {}
    manager = next(iter(now.answering.values()), None)
    for running in ((manager and manager.stacks) or {}).values():
        for service in running.services.values():
            for volume in service.volumes:
                found.setdefault(volume, set()).update(task.node for task in service.tasks if task.is_up)
    return found


def _parts(now: Situation, decided: Decisions, name: str, order: Batches) -> Iterator[HostPlan]:
    """Plan one host, topic by topic; one that could not be reached has its place in the swarm alone.

    :param order: see ``restart_order``
    """
    files = {each.stack.name: each.plan.definition.rendered for each in decided.stacks.each}
    if name in now.observed:
        yield plan_engine(now, name, order, decided.stacks.missing, files=files)
        yield plan_devices(now, name)
        yield plan_registry(now, name, is_renewed(now))
        yield images.plan_builder(now, name, decided.stacks.missing)
    yield evicted.plan_host(now, decided.members, name)
    yield swarm.plan_member(now, decided.members, name, decided.stacks.skip_wait_for)
    yield stack_host.plan_host(now, decided.members, decided.stacks, name)
    yield rebalance.plan_host(now, decided.members, decided.stacks, name)
    yield gate.plan_host(now, decided.members, decided.stacks, name)
