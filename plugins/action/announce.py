"""Action of ``flotilla.swarm.announce``: what a run would change on a host, told without changing it."""

from __future__ import annotations

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Turn one host's part of the plan into a changed result with a diff."""

    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        """Return ``changed`` when there are acts, one diff for each."""
        result = super().run(tmp, task_vars)
        acts = self._task.args["acts"]
        return dict(result, changed=bool(acts), diff=[_diff(act) for act in acts])


def _diff(act):
    title = f"{act['role']}: {act['text']}"
    if not act["path"]:
        return {"prepared": f"{title}\n"}
    return {
        "before": act["before"],
        "after": act["after"],
        "before_header": act["path"],
        "after_header": title,
    }
