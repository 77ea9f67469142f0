"""Filters of role backup: functions of plugin_utils, between JSON and types."""

from __future__ import annotations

from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.decode import decode
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import SecretObject, Stack, read_seen
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.problem import ProblemError
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.problems import refusal_lines
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks import backup


def missing(saved, running, name, values):
    """Say what a swarm lacks of a backup."""
    return backup.missing(saved, decode(Stack, running, "stack"), name, values)


def place(observed, registry_host=""):
    """Find the hosts that a backup is made of; hosts that could not be reached have no ``seen``."""
    seen = {name: read_seen(name, answer["seen"]) for name, answer in observed.items() if "seen" in answer}
    return _told(lambda: backup.place(seen, registry_host))


def read(folder, files, name):
    """Read a backup's record."""
    return _told(lambda: backup.read(folder, files, name))


def record(configs, name, secrets, files):
    """Put releases, configs and names of secrets into one structure."""
    return backup.record(configs, name, {key: decode(SecretObject, each, key) for key, each in secrets.items()}, files)


def _told(function):
    """Let an error be an answer: raised in a filter, it comes out between several lines of Ansible's own.

    :return: dict with ``answer`` and ``problem``, one of which is empty
    """
    try:
        return {"answer": function(), "problem": ""}
    except ProblemError as error:
        return {"answer": {}, "problem": "\n".join(refusal_lines([error.problem]))}


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self):
        """Map filter names to functions."""
        return {
            "backup_missing": missing,
            "backup_place": place,
            "backup_read": read,
            "backup_record": record,
            "backup_sums": backup.sums,
        }
