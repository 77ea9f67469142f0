"""Action of ``flotilla.swarm.lock``: say who runs, decide, and let the module of this name write on the manager."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.host import Lock
from ansible_collections.flotilla.swarm.plugins.plugin_utils.lock import lease, process
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.decode import decode
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.problem import Problem
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.problems import problem_lines


class ActionModule(ActionBase):
    """Hold or release the lock, or fail with who has it."""

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, object]:
        """Return the lock as it is now; nothing in check mode."""
        result = super().run(tmp, task_vars)
        if self._task.check_mode:
            # What changes nothing keeps nobody out.
            return dict(result, changed=False, skipped=True)
        args, run = self._task.args, process.identify()
        if args["state"] == "held":
            _stop_at(lease.judge(decode(Lock, args["observed"], "observed"), run, boolean(args.get("take", False))))
        arguments = dict(args, run=asdict(run))
        answer: dict[str, Any] = self._execute_module("flotilla.swarm.lock", arguments, task_vars=task_vars)
        if answer.get("failed"):
            return answer
        found = decode(Lock, answer["lock"], "lock")
        if args["state"] == "held" or found.process:
            _stop_at(lease.lost(found, run))
        return answer


def _stop_at(verdict: Problem | str | None) -> None:
    """Fail with a problem; a note was told with the plan."""
    if isinstance(verdict, Problem):
        raise AnsibleActionFail("\n".join(problem_lines(verdict)))
