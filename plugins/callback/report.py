"""Show the lines of ``flotilla.swarm.report`` as the last ones of a run, after the recap."""

from __future__ import annotations

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: report
type: notification
short_description: Show where the service answers as the last lines of a run
description:
  - Shows the result of M(flotilla.swarm.report), M(flotilla.swarm.reset_report) or M(flotilla.swarm.status) after the
    recap.
requirements:
  - C(callbacks_enabled = flotilla.swarm.report) in ansible.cfg.
author: The flotilla authors
"""

TELLERS = ("flotilla.swarm.report", "flotilla.swarm.reset_report", "flotilla.swarm.status")


class CallbackModule(CallbackBase):
    """Keep the report until the end of the run."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "flotilla.swarm.report"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        """Begin with nothing to show."""
        super().__init__(*args, **kwargs)
        self._lines = []

    def v2_runner_on_ok(self, result):
        """Remember the report when its task comes by."""
        if result.task.resolved_action in TELLERS:
            self._lines = result.result["lines"]

    def v2_playbook_on_stats(self, stats):
        """Show it; a run that failed before has none, and one that missed some hosts shows what runs without them."""
        if self._lines:
            self._display.display("\n".join(self._lines))
