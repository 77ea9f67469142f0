"""Filters of role stack: functions of plugin_utils, between JSON and types."""

from __future__ import annotations

from collections.abc import Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.problem import ProblemError
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.report import deploy_failure_lines
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.file import parse
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.releases import is_new


def published_ports(text: object) -> list[int]:
    """List the ports that a stack file publishes.

    :raise AnsibleFilterError: what is wrong with it, in one line
    """
    try:
        return parse(str(text)).published()
    except ProblemError as error:
        raise AnsibleFilterError(str(error.problem)) from error


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Map filter names to functions."""
        return {
            "deploy_failure_lines": deploy_failure_lines,
            "is_new_release": is_new,
            "published_ports": published_ports,
        }
