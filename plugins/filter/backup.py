"""Filters of role backup, each a function of plugin_utils that is documented there."""

from __future__ import annotations

from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.problem import ProblemError
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.problems import refusal_lines
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.backup import (
    missing,
    place,
    read,
    record,
    sums,
)


def _told(function):
    """Let an error be an answer: raised in a filter, it comes out between several lines of Ansible's own.

    :return: function whose result is a dict with ``answer`` and ``problem``, one of which is empty
    """

    def wrapped(*args):
        try:
            return {"answer": function(*args), "problem": ""}
        except ProblemError as error:
            return {"answer": {}, "problem": "\n".join(refusal_lines([error.problem]))}

    return wrapped


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self):
        """Map filter names to functions."""
        return {
            "backup_missing": missing,
            "backup_place": _told(place),
            "backup_read": _told(read),
            "backup_record": record,
            "backup_sums": sums,
        }
