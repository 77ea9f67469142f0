"""Filters of role backup: functions of plugin_utils, between JSON and types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ansible_collections.flotilla.swarm.plugins.module_utils.observation.stack import SecretObject
from ansible_collections.flotilla.swarm.plugins.plugin_utils.backup import folder
from ansible_collections.flotilla.swarm.plugins.plugin_utils.backup.key import read_key
from ansible_collections.flotilla.swarm.plugins.plugin_utils.backup.record import record
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.decode import decode


def backup_record(
    configs: Iterable[Mapping[str, object]],
    secrets: Mapping[str, Mapping[str, Mapping[str, object]]],
    volumes: Mapping[str, str],
) -> dict[str, object]:
    """Put releases, configs and names of secrets into one structure."""
    objects = {
        stack: {key: decode(SecretObject, each, key) for key, each in found.items()} for stack, found in secrets.items()
    }
    return record(configs, objects, volumes)


def backup_manifest(path: str, at: str, key: str) -> dict[str, object]:
    """Return the manifest of a backup's folder."""
    return folder.manifest(Path(path), at, read_key(Path(key)))


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Map filter names to functions."""
        return {
            "backup_record": backup_record,
            "backup_manifest": backup_manifest,
        }
