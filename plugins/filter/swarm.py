"""Filters of role swarm, each a function of plugin_utils that is documented there."""

from __future__ import annotations

from ansible_collections.flotilla.swarm.plugins.plugin_utils.swarm.membership import loss_of_majority


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self):
        """Map filter names to functions."""
        return {"loss_of_majority": loss_of_majority}
