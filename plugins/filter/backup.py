"""Filters of role backup, each a function of plugin_utils that is documented there."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.flotilla.swarm.plugins.plugin_utils.backup import BackupError, missing, place, record


def _plainly(function):
    """Let an error be one of Ansible's.

    :raise AnsibleFilterError: instead of ``BackupError``
    """

    def wrapped(*args):
        try:
            return function(*args)
        except BackupError as error:
            raise AnsibleFilterError(str(error)) from error

    return wrapped


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self):
        """Map filter names to functions."""
        return {"backup_missing": _plainly(missing), "backup_place": _plainly(place), "backup_record": record}
