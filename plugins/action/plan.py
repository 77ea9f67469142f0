"""Action of ``flotilla.swarm.plan``: make the plan of the run on the control node, once."""

from __future__ import annotations

import getpass
import hashlib
import json
import secrets
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.flotilla.swarm.plugins.module_utils.observation import Seen
from ansible_collections.flotilla.swarm.plugins.plugin_utils.checks import groups, settings
from ansible_collections.flotilla.swarm.plugins.plugin_utils.checks import site as site_checks
from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge import inventory_files
from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge.role_variables import template_with_roles
from ansible_collections.flotilla.swarm.plugins.plugin_utils.lock import lease, process
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model import observation
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.intent import Intent
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.phase import Phase
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.problem import (
    Code,
    Problem,
    ProblemError,
    find,
    merge,
)
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.site import Backup, Site, read_site
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.problems import refusal_lines
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.report import plan_lines
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner import again, intents
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.plan import make_plan
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.result import Plan
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks import backup
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.file import parse
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.secrets import read_configs

ROOT = Path(__file__).parents[2]
# What Ansible hands over: variables, and results of tasks.
Raw = Mapping[str, Any]


class ActionModule(ActionBase):
    """Check the input, read the observations of all hosts, plan, and say what will be done."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the plan, or fail with one report of all problems."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        names, hostvars = self._task.args["hosts"], task_vars["hostvars"]
        observed = {name: _answer(hostvars[name], self._task.args["observed"]) for name in names}
        options = settings.load_options(ROOT / "roles")
        own = {name: settings.own_names(hostvars.raw_get(name), options) for name in names}
        files = inventory_files.read_files(task_vars.get("ansible_inventory_sources") or ())
        places = {host: {name: files.place(name, hostvars.raw_get(host)[name]) for name in own[host]} for host in own}
        variables, unreadable = _read(hostvars, own, places)
        inventory = groups.Inventory(task_vars["groups"], list(observed))
        wrong = [*files.problems, *settings.check_variables(variables, options, places)]
        wrong += groups.settings_agree(inventory, variables)
        invalid = [problem for problem in wrong if problem.code is Code.SETTING_INVALID]
        raw, problems = self._read_input(task_vars, observed, [*invalid, *unreadable])
        plan = Plan(problems=tuple(problems))
        notes: list[str] = []
        # Without these nothing can be said of the hosts; all other problems are found in one go.
        if not problems:
            plan, notes = self._plan(raw, observed, task_vars)
        forbidden = merge([*wrong, *plan.problems])
        if forbidden:
            raise AnsibleActionFail("\n".join(refusal_lines(forbidden, names)))
        earlier = self._task.args["earlier"]
        _tell([f"Note: {text}" for text in again.left(earlier, plan)] if earlier else [*notes, *plan_lines(plan)])
        for text in plan.warnings if not earlier else ():
            Display().warning(text)
        # Under --check no play changes anything; who could not be reached is named all the same.
        phases = plan.phases()
        if self._task.check_mode:
            phases = {phase: hosts if phase == Phase.UNREACHABLE else [] for phase, hosts in phases.items()}
        facts = {"flotilla_phases": phases}
        return dict(result, changed=False, input=_digest(raw), ansible_facts=facts, **plan.as_dict())

    def _read_input(
        self, task_vars: Raw, observed: Mapping[str, Raw], wrong: Sequence[Problem]
    ) -> tuple[Raw, list[Problem]]:
        """Return what the site is read from, and the problems of the input.

        What is made of a user's variables and groups mostly cannot be read for what is told of those already.

        :param wrong: settings that are of the wrong type or cannot be read; the site is not made of those
        """
        inventory = groups.Inventory(task_vars["groups"], list(observed))
        rules = () if self._task.args["intent"] == Intent.DOCKER else groups.RULES
        problems = [*wrong, *find(inventory, rules)]
        raw, unread = self._template_site(task_vars)
        unread += [answer["unreadable"] for answer in observed.values() if "unreadable" in answer]
        problems = problems or [settings.unreadable("the inventory", reason) for reason in dict.fromkeys(unread)]
        if raw and not wrong and self._needs_registry():
            problems += find(read_site(raw), site_checks.RULES)
        run_rules = groups.RUN_RULES if rules else ()
        return raw, [*problems, *find(inventory, run_rules), *(() if wrong else _not_observed(observed))]

    def _needs_registry(self) -> bool:
        intents = (Intent.DOCKER, Intent.SWARM, Intent.REBALANCE, Intent.RESET)
        return self._task.args["intent"] not in intents

    def _complete(self, raw: Raw, task_vars: Raw) -> Site:
        """Return the site with what lies on the control node, and with the values of secrets.

        They are taken here, so that no task's arguments hold them.
        """
        values = template_with_roles(self, "stack_secrets", task_vars)
        return read_site(
            raw,
            salt=secrets.token_hex(16),
            user=f"{getpass.getuser()}@{socket.gethostname()}",
            process=process.identify().process,
            values={name: str(value or "") for name, value in values.items()},
            configs=read_configs(parse(str(raw["stack"]["text"])), Path(raw["stack"]["folder"])),
            backup=self._backup(raw),
        )

    def _backup(self, raw: Raw) -> Backup:
        """Return where a backup goes now, and what the one that is restored has recorded.

        :raise ProblemError: it is not whole, or of another stack
        """
        name, given = str(raw["stack"]["name"]), raw["backup"]
        source, now = str(given["from"]), datetime.now(UTC)
        files = (backup.RECORD_FILE, backup.DATA_FILE, *((backup.IMAGES_FILE,) if raw["registry_host"] else ()))
        restores = self._task.args["intent"] == Intent.RESTORE
        return Backup(
            folder=f"{given['dir']}/{name}-{now:%Y-%m-%dT%H-%M-%SZ}",
            source=source,
            saved=backup.read(source, files, name) if restores else {},
        )

    def _plan(self, raw: Raw, observed: Mapping[str, Raw], task_vars: Raw) -> tuple[Plan, list[str]]:
        """Return the plan, and notes about the lock.

        While another run is at work, whatever was seen may be half of its way.
        """
        try:
            site = self._complete(raw, task_vars)
        except OSError as error:
            return Plan(problems=(settings.unreadable("stack_file", error),)), []
        except ProblemError as error:
            return Plan(problems=(error.problem,)), []
        hosts = {name: observation.read(name, answer) for name, answer in observed.items()}
        intent = Intent(self._task.args["intent"])
        wrong = tuple(intents.check_settings(site, intent))
        plan = make_plan(site, hosts, intent)
        held: list[Problem] = []
        notes: list[str] = []
        if wrong:
            plan = Plan(problems=(*wrong, *plan.problems))
        if self._task.args["earlier"] and not plan.problems:
            plan = replace(plan, problems=tuple(again.check(self._task.args["earlier"], _digest(raw), plan)))
        if plan.problems or plan.has_changes:
            held, notes = self._judge_lock(
                host.observation for host in hosts.values() if isinstance(host.observation, Seen)
            )
        return (Plan(problems=tuple(held)) if held else plan), notes

    def _template_site(self, task_vars: Raw) -> tuple[Raw, list[str]]:
        """Return the site, or ``{}``, and the reasons why it cannot be read."""
        try:
            return template_with_roles(self, self._task.args["site"], task_vars), []
        except AnsibleError as error:
            return {}, [str(error)]

    def _judge_lock(self, seen: Iterable[Seen]) -> tuple[list[Problem], list[str]]:
        """Return the problems and the notes that locks make."""
        run, take = process.identify(), boolean(self._task.args.get("take_lock", False))
        verdicts = [lease.judge(lock, run, take) for lock in lease.choose(seen)]
        problems = [verdict for verdict in verdicts if isinstance(verdict, Problem)]
        return problems, [verdict for verdict in verdicts if verdict and not isinstance(verdict, Problem)]


def _read(
    hostvars: Mapping[str, Raw], own: Mapping[str, set[str]], places: settings.Places
) -> tuple[dict[str, dict[str, object]], tuple[Problem, ...]]:
    """Read the variables that a user set: a vault may be locked, an expression may name what is not there.

    :param own: by inventory name, the names of its variables
    :return: by inventory name its variables, and the problems, the same of several hosts once
    """
    variables: dict[str, dict[str, object]] = {}
    problems: list[Problem] = []
    for host, names in own.items():
        variables[host] = {}
        for name in sorted(names):
            try:
                variables[host][name] = hostvars[host][name]
            except AnsibleError as error:
                problems.append(settings.unreadable(settings.place(name, host, places), error, (host,)))
    return variables, merge(problems)


def _digest(raw: Raw) -> str:
    """Return what tells whether the input is another one than earlier in the run."""
    return hashlib.sha256(json.dumps(raw, sort_keys=True, default=str).encode()).hexdigest()


def _tell(lines: Iterable[str]) -> None:
    for line in lines:
        Display().display(line)


def _answer(own: Raw, variable: str) -> Raw:
    """Return what was observed of a host."""
    answer = own.get(variable) or {}
    return _absent(own, answer) if answer.get("unreachable") else answer


def _not_observed(observed: Mapping[str, Raw]) -> Iterator[Problem]:
    for name, answer in observed.items():
        if not {"seen", "unreachable", "unreadable"} & answer.keys():
            yield Problem(
                code=Code.HOST_NOT_OBSERVED,
                hosts=(name,),
                found="no answer of the task that observes it; its error stands above",
                expected="an answer",
                fix="Correct that error, then run again",
            )


def _absent(own: Raw, answer: Raw) -> Raw:
    """Describe a host that could not be reached by what the inventory says of it."""
    wanted = {
        "advertise_addr": own.get("swarm_advertise_addr", ""),
        "ansible_host": own.get("ansible_host", own["inventory_hostname"]),
    }
    return {"wanted": {"swarm": wanted}, "unreachable": answer.get("msg", "no reason given")}
