"""Plan the removal of stacks that the inventory has no more; their data goes only when asked for."""

from __future__ import annotations

from collections.abc import Iterator

from ...module_utils.observation import Observed
from ..model.change import Change
from ..model.phase import Phase
from ..model.problem import Code, Problem
from . import frame, gate
from .arguments.common import Nothing
from .arguments.stack import CleanUp, OfStacks, RemoveLeftovers
from .result import HostPlan, Plan, merge
from .situation import Situation, no_manager, not_reached

LEFT = "stack {0} is not in the inventory, and goes on running; playbooks/remove.yml -e stack={0} removes it"


def left_stacks(now: Situation) -> list[str]:
    """List the stacks that flotilla deployed and the inventory has no more."""
    manager = next(iter(now.answering.values()), None)
    names = {stack.name for stack in now.site.stacks}
    return [name for name in manager.kept_stacks if name not in names] if manager else []


def plan_remove(now: Situation) -> Plan:
    """Remove services and networks first, then data where that was asked for, and what tells of the stack last.

    So a removal that was interrupted is known to the next one.
    """
    managers = now.answering
    if not managers:
        return Plan(problems=(no_manager(now),))
    if problems := tuple(_problems(now)):
        return Plan(problems=problems)
    name, manager = next(iter(managers.items()))
    # What stays may have relied on what goes, such as on a network.
    hosts = gate.plan_running(now, name)
    hosts |= {
        host: merge(hosts[host], _plan_host(now, observed)) for host, observed in now.members.items() if observed.engine
    }
    hosts[name] = merge(hosts[name], _plan_manager(now, name, manager))
    return Plan(hosts=hosts)


def _problems(now: Situation) -> Iterator[Problem]:
    left = left_stacks(now)
    expected = f"a stack that flotilla deployed and the inventory has no more: {', '.join(left) or 'there is none'}"
    if not now.site.chosen:
        fix = "Add -e stack=NAME"
        yield Problem(code=Code.SETTING_MISSING, where="stack", found="no name", expected=expected, fix=fix)
    for name in now.site.chosen:
        if name in [stack.name for stack in now.site.stacks]:
            yield Problem(
                code=Code.SETTING_CONFLICT,
                where="stack",
                found=f"{name}, which is in the inventory",
                expected=expected,
                fix="Take it out of stacks first: the next run of site.yml would deploy it again",
            )
        elif name not in left:
            fix = "Correct the name"
            yield Problem(code=Code.SETTING_INVALID, where="stack", found=name, expected=expected, fix=fix)
    for name in now.away if now.site.reset.data else ():
        expected = "an answer of every host, since nothing tells of data that it has once the stack is removed"
        fix = "Bring it back, take it out of the inventory, or leave out -e remove_data=true"
        yield not_reached(now, name, expected, fix)


def _plan_manager(now: Situation, name: str, manager: Observed) -> HostPlan:
    chosen, stacks = now.site.chosen, manager.stacks or {}
    there = [stacks[each] for each in chosen if each in stacks]
    changes = (Change(f"remove stack {each}, with its services, secrets and releases") for each in chosen)
    return HostPlan(
        lock=frame.lock(now, name),
        remove_stack=OfStacks(stacks=chosen),
        forget_stack=CleanUp(
            secrets=tuple(key for stack in there for key in stack.secrets),
            configs=tuple(key for stack in there for key in (*stack.configs, *stack.records)),
            images=(),
        ),
        unlock=Nothing(),
        changes={Phase.REMOVE_STACK: tuple(changes)},
    )


def _plan_host(now: Situation, observed: Observed) -> HostPlan:
    """Wait until its last tasks are gone, and remove its volumes where that was asked for."""
    volumes = tuple(name for stack in now.site.chosen for name in observed.volumes.get(stack, ()))
    gone = volumes if now.site.reset.data else ()
    return HostPlan(
        wait_for_tasks=OfStacks(stacks=now.site.chosen),
        remove_leftovers=RemoveLeftovers(volumes=gone, images=False) if gone else None,
        changes={Phase.REMOVE_LEFTOVERS: tuple(Change(f"remove volume {name} with its data") for name in gone)},
        notes=tuple(_kept(name) for name in volumes if name not in gone),
    )


def _kept(volume: str) -> str:
    return f"volume {volume} is kept with its data; -e remove_data=true removes it"
