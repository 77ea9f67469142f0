"""Filters of role stack: functions of plugin_utils, between JSON and types."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.stack import Service
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.swarm import Node
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.decode import decode
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.problem import ProblemError
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.report import deploy_failure_lines
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks import releases, state
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.file import parse


def published_ports(text):
    """List the ports that a stack file publishes."""
    return _told(lambda: parse(str(text)).published())


def is_new_release(release, specs, previous):
    """Tell whether a release differs from the one before."""
    return releases.is_new(release, specs, previous)


def services_to_spread(services, nodes):
    """Choose the services whose tasks can be spread again."""
    running = {name: decode(Service, service, name) for name, service in services.items()}
    return state.services_to_spread(running, [decode(Node, node, "nodes") for node in nodes])


def _told(function):
    """Say what is wrong with a stack file in one line.

    :raise AnsibleFilterError: instead of ``ProblemError``
    """
    try:
        return function()
    except ProblemError as error:
        raise AnsibleFilterError(str(error.problem)) from error


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self):
        """Map filter names to functions."""
        return {
            "deploy_failure_lines": deploy_failure_lines,
            "published_ports": published_ports,
            "is_new_release": is_new_release,
            "services_to_spread": services_to_spread,
        }
