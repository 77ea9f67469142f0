"""Filters of role stack: functions of plugin_utils, between JSON and types."""

from __future__ import annotations

from collections.abc import Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.problem import ProblemError
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.report import (
    deploy_failure_lines,
    page_lines,
)
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.file import parse
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.releases import is_new


def published_ports(text: object) -> list[int]:
    """List the ports that a stack file publishes."""
    return _told(lambda: parse(str(text)).published())


def page_port(text: object) -> int:
    """Find the port of a stack file's page, ``0`` where it has none."""
    return _told(lambda: parse(str(text)).page_port) or 0


def _told[T](function: Callable[[], T]) -> T:
    """Say what is wrong with a stack file in one line.

    :raise AnsibleFilterError: instead of ``ProblemError``
    """
    try:
        return function()
    except ProblemError as error:
        raise AnsibleFilterError(str(error.problem)) from error


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Map filter names to functions."""
        return {
            "deploy_failure_lines": deploy_failure_lines,
            "is_new_release": is_new,
            "page_lines": page_lines,
            "page_port": page_port,
            "published_ports": published_ports,
        }
