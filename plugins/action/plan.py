"""Action of ``flotilla.swarm.plan``: make the plan of the run on the control node, once."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.flotilla.swarm.plugins.plugin_utils.plan import make_plan
from ansible_collections.flotilla.swarm.plugins.plugin_utils.report import plan_lines, problem_lines


class ActionModule(ActionBase):
    """Read the observations of all hosts, plan, and say what will be done."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        """Return the plan, or fail with one report of all problems."""
        result = super().run(tmp, task_vars)
        site, observed = self._task.args["site"], self._task.args["observed"]
        hosts = {name: task_vars["hostvars"][name].get(observed) for name in self._task.args["hosts"]}
        silent = [name for name, seen in hosts.items() if not (seen or {}).get("seen")]
        plan = (
            {"problems": [f"{name} could not be looked at; see its error above" for name in silent]}
            if silent
            else make_plan(site, hosts)
        )
        if plan["problems"]:
            raise AnsibleActionFail("\n".join(problem_lines(plan["problems"])))
        for line in plan_lines(plan):
            Display().display(line)
        return dict(result, changed=False, **plan)
