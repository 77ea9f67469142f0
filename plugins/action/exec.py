"""Action of ``flotilla.swarm.exec``: run a command in a container, and show what it prints."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.terminal import printable


class ActionModule(ActionBase):
    """Let community.docker run the command; its output comes through as it is."""

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Show the output, or fail with it and the exit code."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        module = "community.docker.docker_container_exec"
        answer = self._execute_module(module, dict(self._task.args), task_vars=task_vars)
        if "stdout" not in answer:
            raise AnsibleActionFail(str(answer.get("msg")))
        for text in (answer["stdout"], answer["stderr"]):
            if text:
                Display().display(printable(text))
        if answer["rc"]:
            raise AnsibleActionFail(f"the command ended with exit code {answer['rc']}")
        return dict(result, changed=False, rc=0)
