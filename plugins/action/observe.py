"""Action of ``flotilla.swarm.observe``: the module, and between which two moments here it told the host's time."""

from __future__ import annotations

import time

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Run the module and put this machine's clock beside the host's."""

    def run(self, tmp=None, task_vars=None):
        """Return the module's result, with ``seen.system.asked``: this machine's time before and after."""
        result = super().run(tmp, task_vars)
        before = time.time()
        result.update(self._execute_module(task_vars=task_vars))
        if "seen" in result:
            result["seen"]["system"]["asked"] = [before, time.time()]
        return result
