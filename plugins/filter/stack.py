"""Filters of role stack, each a function of plugin_utils that is documented there."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.problem import ProblemError
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.report import deploy_failure_lines
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.release_plan import image_variables
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.releases import steps
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.stack import (
    published_ports,
    render,
    services_to_spread,
)


def _named(function):
    """Say what is wrong with a stack file in one line.

    :raise AnsibleFilterError: instead of ``ProblemError``
    """

    def wrapped(*args):
        try:
            return function(*args)
        except ProblemError as error:
            raise AnsibleFilterError(str(error.problem)) from error

    return wrapped


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self):
        """Map filter names to functions."""
        return {
            "deploy_failure_lines": deploy_failure_lines,
            "deploy_steps": steps,
            "image_variables": image_variables,
            "published_ports": _named(published_ports),
            "render_stack": _named(render),
            "services_to_spread": services_to_spread,
        }
