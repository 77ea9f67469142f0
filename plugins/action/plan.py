"""Action of ``flotilla.swarm.plan``: make the plan of the run on the control node, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.flotilla.swarm.plugins.module_utils.observation import Observed
from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge import answers
from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge.role_variables import RoleVariables
from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge.site_input import (
    SiteInput,
    complete_site,
    read_input,
)
from ansible_collections.flotilla.swarm.plugins.plugin_utils.lock import lease, process
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model import observation
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.intent import Intent
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.phase import Phase
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.problem import Problem, merge
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.site import Site
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.problems import refusal_lines
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.report import plan_lines
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.terminal import printable
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner import again, intents
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.plan import make_plan
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.result import Plan


class ActionModule(ActionBase):
    """Check the input, read the observations of all hosts, plan, and say what will be done."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the plan, or fail with one report of all problems."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        args, variables = self._task.args, task_vars or {}
        names, intent, earlier = args["hosts"], Intent(args["intent"]), args["earlier"]
        begun = bool(earlier) and earlier["begun"]
        observed = answers.collect(names, variables["hostvars"], args["observed"])
        roles = RoleVariables(self, variables)
        given = read_input(roles, variables, args["site"], observed, intent)
        site = None if given.fatal else complete_site(roles, given.raw, intent)
        if isinstance(site, Site):
            plan, notes = self._plan(site, given, observed, intent)
        else:
            plan, notes = Plan(problems=(*given.wrong, *given.fatal, *([site] if site else ()))), []
        # A status is told in spite of it, and tells it.
        problems = merge([*([] if intent.only_tells else given.wrong), *plan.problems])
        if problems:
            raise AnsibleActionFail("\n".join(refusal_lines(problems, names, begun=begun)))
        if plan.rehearse:
            return self._rehearse(result, plan, begun)
        if again.is_told(earlier):
            _tell([f"Note: {text}" for text in again.found_late(earlier, plan)])
        elif not intent.only_tells or (self._task.check_mode and plan.has_changes):
            _tell([*notes, *plan_lines(plan)])
            for text in plan.warnings:
                Display().warning(text)
        facts = {"flotilla_phases": self._phases(plan), "flotilla_batches": plan.batch_sizes()}
        begun = begun or plan.changes_now
        return dict(result, changed=False, input=given.digest, begun=begun, ansible_facts=facts, **plan.as_dict())

    def _rehearse(self, result: dict[str, Any], plan: Plan, begun: bool) -> dict[str, Any]:
        """Return what is to be asked before anything is planned, or fail where that was asked already.

        Behind an earlier plan it is still that one which the next plan comes after.
        """
        if boolean(self._task.args.get("rehearsed", False)):
            problem = answers.not_rehearsed(tuple(plan.rehearse))
            raise AnsibleActionFail("\n".join(refusal_lines([problem], begun=begun)))
        asked = plan.as_dict()
        return {**result, **asked, **self._task.args["earlier"], "changed": False, "rehearse": asked["rehearse"]}

    def _phases(self, plan: Plan) -> dict[str, list[str]]:
        """Return the hosts of each phase: under ``--check`` of those alone that only tell something."""
        phases = plan.phases()
        if not self._task.check_mode:
            return phases
        telling = (Phase.UNREACHABLE, Phase.REPORT_STATUS, Phase.SHOW_LOGS)
        return {phase: hosts if phase in telling else [] for phase, hosts in phases.items()}

    def _plan(
        self, site: Site, given: SiteInput, observed: Mapping[str, answers.Raw], intent: Intent
    ) -> tuple[Plan, list[str]]:
        """Return the plan, and notes about the lock.

        While another run is at work, whatever was observed may be half of its way.
        """
        hosts = {name: observation.read(name, answer) for name, answer in observed.items()}
        earlier = self._task.args["earlier"]
        passed = next(iter(again.behind(earlier)), None) if earlier else None
        plan = make_plan(site, hosts, intent, given.wrong, passed)
        problems = [*intents.check_settings(site, intent), *plan.problems]
        if earlier and not problems:
            problems += again.check(earlier, given.digest, plan)
        # Who only tells keeps nobody out, and is kept out by nobody.
        locks = () if intent.only_tells else (host.observation for host in hosts.values())
        held, notes = self._judge_lock(locks)
        if held and (problems or plan.has_changes):
            return Plan(problems=tuple(held)), []
        notes = notes if problems or plan.has_changes else []
        if problems:
            return Plan(problems=tuple(problems)), notes
        beside = (intents.BESIDE.format(problem) for problem in given.beside)
        return replace(plan, notes=(*plan.notes, *beside)), notes

    def _judge_lock(self, observed: Iterable[observation.Observation]) -> tuple[list[Problem], list[str]]:
        """Return the problems and the notes that locks make."""
        run, take = process.identify(), boolean(self._task.args.get("take_lock", False))
        locks = lease.choose(each for each in observed if isinstance(each, Observed))
        verdicts = [lease.judge(lock, run, take) for lock in locks]
        problems = [verdict for verdict in verdicts if isinstance(verdict, Problem)]
        return problems, [verdict for verdict in verdicts if verdict and not isinstance(verdict, Problem)]


def _tell(lines: Iterable[str]) -> None:
    for line in lines:
        Display().display(printable(line))
