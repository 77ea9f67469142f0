"""Filters of role docker, each a function of plugin_utils that is documented there."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts.engine_restart import failure_lines, trouble


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self) -> dict[str, Callable]:
        """Map filter names to functions."""
        return {"engine_failure": failure_lines, "engine_trouble": trouble}
