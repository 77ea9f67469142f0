"""Filters of role stack: functions of plugin_utils, between JSON and types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.flotilla.swarm.plugins.plugin_utils.compose.objects import text_of
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.report import (
    deploy_failure_lines,
    failed_stacks_lines,
    failure_text,
    left_behind_text,
    page_lines,
)
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.releases import is_new


def pages_of(stacks: Iterable[Mapping[str, object]]) -> dict[str, dict[str, object]]:
    """Return by name the pages of the stacks that have one, as ``flotilla.swarm.observe`` visits them.

    :param stacks: as ``flotilla.swarm.stacks`` lists them
    """
    return {
        str(stack["name"]): {"port": stack["page_port"], "path": stack["check_path"]}
        for stack in stacks
        if stack["page_port"]
    }


def secret_values(stacks: Iterable[Mapping[str, Any]], given: Mapping[str, Mapping[str, Any]]) -> dict[str, object]:
    """Return the values of secrets by stack and name: of the inventory, and of the files that Compose files name.

    A file that cannot be read is a problem of its stack, and has no value here.

    :param stacks: as ``flotilla.swarm.stacks`` lists them
    :param given: the entries of the inventory by stack
    """
    return {
        stack["name"]: {
            **{name: text_of(Path(file)) for name, file in stack["secret_files"].items()},
            **(given[stack["name"]].get("secrets") or {}),
        }
        for stack in stacks
    }


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Map filter names to functions."""
        return {
            "deploy_failure_lines": deploy_failure_lines,
            "failed_stacks_lines": failed_stacks_lines,
            "failure_text": failure_text,
            "is_new_release": is_new,
            "left_behind_text": left_behind_text,
            "page_lines": page_lines,
            "pages_of": pages_of,
            "secret_values": secret_values,
        }
