"""Filters of role backup: functions of plugin_utils, between JSON and types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ansible_collections.flotilla.swarm.plugins.module_utils.observation.stack import SecretObject
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.decode import decode
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks import backup


def record(
    configs: Iterable[Mapping[str, object]],
    name: str,
    secrets: Mapping[str, Mapping[str, object]],
    files: Mapping[str, str],
) -> dict[str, object]:
    """Put releases, configs and names of secrets into one structure."""
    return backup.record(configs, name, {key: decode(SecretObject, each, key) for key, each in secrets.items()}, files)


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Map filter names to functions."""
        return {
            "backup_record": record,
            "backup_sums": backup.sums,
        }
