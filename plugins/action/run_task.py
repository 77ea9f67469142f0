"""Action of ``flotilla.swarm.run_task``: run a command in a task of its own, and show what it prints."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.terminal import printable


class ActionModule(ActionBase):
    """Let the module of this name run the command; its output comes through as it is."""

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Show the output, or fail with it and the exit code."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        answer = self._execute_module("flotilla.swarm.run_task", dict(self._task.args), task_vars=task_vars)
        if "lines" not in answer:
            raise AnsibleActionFail(str(answer.get("msg")))
        for line in answer["lines"]:
            Display().display(printable(line))
        if answer["error"]:
            raise AnsibleActionFail(f"the command was not run to its end: {answer['error']}")
        if answer["rc"]:
            raise AnsibleActionFail(f"the command ended with exit code {answer['rc']}")
        return dict(result, changed=True, rc=0)
