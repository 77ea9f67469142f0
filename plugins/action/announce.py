"""Action of ``flotilla.swarm.announce``: what a run would change on a host, told without changing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.phase import Phase
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.result import ENTRY_POINTS


class ActionModule(ActionBase):
    """Turn one host's part of the plan into a changed result with a diff."""

    _requires_connection = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, object]:
        """Return ``changed`` when there are changes, one diff for each."""
        result = super().run(tmp, task_vars)
        changes = self._task.args["changes"]
        return dict(result, changed=bool(changes), diff=[_diff(change) for change in changes])


def _diff(change: Mapping[str, str]) -> dict[str, str]:
    title = f"{ENTRY_POINTS[Phase(change['phase'])].role}: {change['text']}"
    if not change["path"]:
        return {"prepared": f"{title}\n"}
    return {
        "before": change["before"],
        "after": change["after"],
        "before_header": change["path"],
        "after_header": title,
    }
