"""Action of ``flotilla.swarm.logs``: show what services have written, and what they write until it is interrupted."""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.log_lines import Shown
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.terminal import printable

# Seconds between two questions.
INTERVAL = 2


class ActionModule(ActionBase):
    """Ask the module of this name, once or again and again."""

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, object]:
        """Show the lines; with ``follow`` it ends only by an interruption."""
        result: dict[str, object] = super().run(tmp, task_vars)
        question, shown = dict(self._task.args), Shown()
        while True:
            answer = self._execute_module("flotilla.swarm.logs", question, task_vars=task_vars)
            if answer.get("failed"):
                raise AnsibleActionFail(str(answer.get("msg")))
            for line in shown.add(answer["lines"]):
                text = f"{line['time'][:19]}Z  {line['task']} on {line['node']} | {line['text']}"
                Display().display(printable(text))
            question["after"] = shown.latest
            if not question.get("follow"):
                return dict(result, changed=False, shown=len(answer["lines"]))
            time.sleep(INTERVAL)
