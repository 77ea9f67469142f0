"""Action of ``flotilla.swarm.reset_report``: what a reset removed and what it kept, as lines for the terminal."""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import read_seen
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.report import reset_lines


class ActionModule(ActionBase):
    """Make the lines that callback ``flotilla.swarm.report`` shows after the recap."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        """Return ``lines``."""
        result = super().run(tmp, task_vars)
        args = dict(self._task.args)
        hostvars, variable = task_vars["hostvars"], args.pop("observed")
        observed = {name: read_seen(name, hostvars[name][variable]["seen"]) for name in args.pop("hosts")}
        lines = reset_lines(observed, args.pop("done"), args.pop("stack"), **args)
        return dict(result, changed=False, lines=lines)
