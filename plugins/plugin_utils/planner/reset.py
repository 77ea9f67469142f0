"""Plan the tear-down: stacks and swarm go, Docker and the registry stay; data and images go only when asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...module_utils.observation import Observed
from ..model.change import Change
from ..model.phase import Phase
from ..model.problem import Code, Problem
from . import firewall, frame
from .arguments.common import Nothing
from .arguments.preflight import ReportReset
from .arguments.stack import OfStacks, RemoveLeftovers
from .result import HostPlan, Plan, merge
from .situation import Situation, not_reached


def plan_reset(now: Situation) -> Plan:
    """Decide what each host has to do; managers leave last, since a worker leaves in order only while one is there."""
    problems = tuple(_problems(now))
    if problems:
        return Plan(problems=problems)
    hosts = {name: _plan_host(now, observed) for name, observed in now.members.items()}
    hosts |= {name: _leave(now, now.observed[name]) for name in now.site.retire if name in now.observed}
    managers = [name for name, observed in now.members.items() if observed.swarm.manager]
    if managers:
        hosts[managers[0]] = merge(_remove_stacks(now, managers[0]), hosts[managers[0]])
    removed = {name: firewall.plan_removal(now, name, "the swarm goes") for name in now.observed}
    nothing = HostPlan()
    return Plan(hosts={name: merge(hosts.get(name, nothing), removed.get(name, nothing)) for name in now.hosts})


def _problems(now: Situation) -> Iterator[Problem]:
    for name in (*now.site.members, *now.site.retire):
        if name in now.away:
            yield not_reached(now, name, "an answer of every member", "Bring it back, or take it out of the inventory")
    for name in now.stopped:
        yield Problem(
            code=Code.ENGINE_STOPPED,
            hosts=(name,),
            found="it is in a swarm, but its engine is stopped",
            expected="an engine that runs, so that it can leave",
            fix="Run on it: systemctl start docker",
        )


def _remove_stacks(now: Situation, name: str) -> HostPlan:
    stacks = _names(now)
    return HostPlan(
        lock=frame.lock(now, name),
        remove_stack=OfStacks(stacks=stacks),
        # The swarm's lock goes with the swarm; its copy on this host is what is left.
        unlock=Nothing(),
        changes={
            Phase.REMOVE_STACK: tuple(
                Change(f"remove stack {stack}, with its services, secrets and releases") for stack in stacks
            )
        },
    )


def _names(now: Situation) -> tuple[str, ...]:
    return tuple(stack.name for stack in now.site.stacks)


def _plan_host(now: Situation, observed: Observed) -> HostPlan:
    site = now.site
    report = ReportReset(
        hosts=site.members,
        stacks=_names(now),
        registry_host=site.registry.host,
        registry_url=site.registry.url.text,
        data=site.reset.data,
        images=site.reset.images,
    )
    return merge(_leave(now, observed), _remove_leftovers(now, observed), HostPlan(report_reset=report))


def _leave(now: Situation, observed: Observed) -> HostPlan:
    if observed.swarm.state != "active":
        return HostPlan()
    wait = HostPlan(wait_for_tasks=OfStacks(stacks=_names(now)))
    text = (Change("leave the swarm"),)
    if observed.swarm.manager:
        return replace(wait, leave_managers=Nothing(), changes={Phase.LEAVE_MANAGERS: text})
    return replace(wait, leave_workers=Nothing(), changes={Phase.LEAVE_WORKERS: text})


def _remove_leftovers(now: Situation, observed: Observed) -> HostPlan:
    volumes = tuple(observed.volume_names) if now.site.reset.data else ()
    images = bool(now.site.reset.images and observed.engine)
    changes = [Change(f"remove volume {name} with its data") for name in volumes]
    changes += [Change("remove images that no container uses")] if images else []
    if not changes:
        return HostPlan()
    return HostPlan(
        remove_leftovers=RemoveLeftovers(volumes=volumes, images=images),
        changes={Phase.REMOVE_LEFTOVERS: tuple(changes)},
    )
