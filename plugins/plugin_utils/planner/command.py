"""Plan a command in the container of a task, or in a task of its own; whatever it changes is the user's own doing."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...module_utils.observation import Observed
from ...module_utils.observation.service import Task
from ..model.change import Change
from ..model.phase import Phase
from ..model.problem import Code, Problem
from ..model.request import Command
from .arguments.stack import RunCommand, RunTask
from .result import HostPlan, Plan
from .situation import Situation, no_manager, wrong_option

RUN = "run {} in {}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A task that runs, and the host of the inventory that it is on, ``""`` for one that could not be reached."""

    stack: str
    name: str
    task: Task
    host: str


def plan_exec(now: Situation) -> Plan:
    """Let the host of a task run the command in the task's container; the first that runs, unless a number is given."""
    if not now.answering:
        return Plan(problems=(no_manager(now),))
    asked, running = now.site.command, list(_places(now, next(iter(now.answering.values()))))
    places = [place for place in running if place.name == asked.service]
    chosen = [place for place in places if asked.task in ("", str(place.task.slot))]
    argv = _words(asked.text)
    problems = tuple(_problems(now, argv, running, places, chosen))
    if problems:
        return Plan(problems=problems)
    place = next(place for place in chosen if place.host)
    run = RunCommand(service=f"{place.stack}_{place.name}", task=place.task.id, argv=tuple(argv))
    changes = {Phase.RUN_COMMAND: (Change(RUN.format(asked.text, f"{run.service} on {place.host}")),)}
    told = HostPlan(run_command=run, changes=changes)
    return Plan(hosts={**{host: HostPlan() for host in now.hosts}, place.host: told})


def plan_run(now: Situation) -> Plan:
    """Let the first manager that answers for the swarm run the command with what a service has."""
    if not now.answering:
        return Plan(problems=(no_manager(now),))
    name, manager = next(iter(now.answering.items()))
    asked, argv = now.site.command, _words(now.site.command.text)
    stacks = [
        stack.name
        for stack in now.site.stacks
        if now.site.is_chosen(stack.name) and asked.service in _services(manager, stack.name)
    ]
    known = [service for stack in now.site.stacks for service in _services(manager, stack.name)]
    if problems := (*_of_command(asked, argv), *_of_service(asked, stacks, known), *_of_timeout(asked)):
        return Plan(problems=problems)
    run = RunTask(service=f"{stacks[0]}_{asked.service}", argv=tuple(argv), timeout=int(asked.timeout))
    changes = {Phase.RUN_TASK: (Change(RUN.format(asked.text, f"a task of its own with what {run.service} has")),)}
    return Plan(hosts={**{host: HostPlan() for host in now.hosts}, name: HostPlan(run_task=run, changes=changes)})


def _services(manager: Observed, stack: str) -> list[str]:
    running = (manager.stacks or {}).get(stack)
    return list(running.services) if running else []


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []


def _places(now: Situation, manager: Observed) -> Iterator[Place]:
    """Find the tasks that run, those of a service in the order of their numbers."""
    owner = {observed.swarm.node_id: name for name, observed in now.observed.items()}
    for stack in now.site.stacks:
        running = (manager.stacks or {}).get(stack.name)
        for name, service in (running.services if running and now.site.is_chosen(stack.name) else {}).items():
            for task in sorted(service.tasks, key=lambda task: task.slot):
                if task.is_up:
                    yield Place(stack=stack.name, name=name, task=task, host=owner.get(task.node, ""))


def _problems(
    now: Situation, argv: list[str], running: list[Place], places: list[Place], chosen: list[Place]
) -> Iterator[Problem]:
    asked, stacks = now.site.command, sorted({place.stack for place in places})
    yield from _of_command(asked, argv)
    yield from _of_service(asked, stacks, [place.name for place in running])
    if places and not chosen:
        numbers = ", ".join(str(place.task.slot) for place in places)
        yield wrong_option("task", asked.task, f"the number of a task that runs: {numbers}")
    elif chosen and not any(place.host for place in chosen):
        yield wrong_option("task", "on hosts that could not be reached", "a task on another host")


def _of_command(asked: Command, argv: Sequence[str]) -> Iterator[Problem]:
    if asked.unquoted:
        expected = "all words of the command in two pairs of quotes, one of the shell's and one of Ansible's"
        fix = f"""Write -e "command='{asked.text} {asked.unquoted}'\""""
        found = f"{asked.text}, and apart from it {asked.unquoted}"
        yield Problem(code=Code.SETTING_INVALID, where="command", found=found, expected=expected, fix=fix)
    elif not argv:
        yield wrong_option(
            "command", asked.text or "no command", "a command with its arguments, as in 'redis-cli ping'"
        )


def _of_timeout(asked: Command) -> Iterator[Problem]:
    if not asked.timeout.isdecimal() or int(asked.timeout) < 1:
        yield wrong_option("timeout", asked.timeout, "a number of seconds, at least 1")


def _of_service(asked: Command, stacks: Sequence[str], known: Sequence[str]) -> Iterator[Problem]:
    """Check that one service is meant.

    :param stacks: those that have such a service
    :param known: names of all services
    """
    if not stacks:
        names = ", ".join(dict.fromkeys(known)) or "none runs"
        yield wrong_option("service", asked.service or "no service", f"a service that runs: {names}")
    elif len(stacks) > 1:
        yield wrong_option(
            "stack", f"service {asked.service} in {' and '.join(stacks)}", "the name of one of these stacks"
        )
