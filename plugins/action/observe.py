"""Action of ``flotilla.swarm.observe``: the module, and between which two moments here it told the host's time."""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge.role_variables import RoleVariables
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import parse


class ActionModule(ActionBase):
    """Run the module and put this machine's clock beside the host's."""

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result, and in its system ``asked``: this machine's time before and after.

        A question that cannot be read, as in a locked vault, is no error here: the plan tells it beside all else.
        """
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        try:
            if "question" in arguments:
                arguments |= RoleVariables(self, task_vars or {}).template(arguments.pop("question"))
        except AnsibleError as error:
            return dict(result, unreadable=str(error))
        before = time.time()
        result.update(self._ask(arguments, task_vars))
        if "question" in self._task.args and result.get("failed"):
            # Nothing is known of a host whose sudo, Python or disk fails, either: the run goes on without it likewise.
            return {"unreachable": True, "msg": _reason(result)}
        if "observation" in result:
            try:
                result["observation"] = parse(result["observation"])
            except ValueError as error:
                return {"unreachable": True, "msg": f"its answer is no host's state: {error}"}
            result["observation"]["system"]["asked"] = [before, time.time()]
            result["desired"] = arguments.get("desired", {})
        return result

    def _ask(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """Run the module; on a host whose sudo refuses, it does not even begin."""
        try:
            return dict(self._execute_module(module_args=arguments, task_vars=task_vars))
        except AnsibleConnectionFailure:
            raise
        except AnsibleError as error:
            return {"failed": True, "msg": str(error)}


def _reason(result: dict[str, Any]) -> str:
    """Say why a module did not answer: what the host itself said last, where it said anything."""
    said = str(result.get("module_stderr") or result.get("module_stdout") or "").strip().splitlines()
    return said[-1] if said else str(result.get("msg", "no reason given"))
