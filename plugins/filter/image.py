"""Filters of role image: functions of plugin_utils."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.flotilla.swarm.plugins.plugin_utils.images.build import build_command
from ansible_collections.flotilla.swarm.plugins.plugin_utils.images.names import context_files, folder_digest


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Map filter names to functions."""
        return {"build_command": build_command, "context_files": context_files, "folder_digest": folder_digest}
