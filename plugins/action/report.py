"""Action of ``flotilla.swarm.report``: where the service answers and what runs where, as lines for the terminal."""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import read_seen
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.report import dead_lines, site_lines


class ActionModule(ActionBase):
    """Make the lines that callback ``flotilla.swarm.report`` shows after the recap."""

    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        """Return ``lines``."""
        result = super().run(tmp, task_vars)
        args = self._task.args
        names = args["names"]
        seen = read_seen("the manager", args["seen"])
        lines = [*dead_lines(names, seen.nodes), *site_lines(names, seen.nodes, seen.stack, args["port"])]
        return dict(result, changed=False, lines=lines)
