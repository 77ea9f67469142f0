"""Filters of role image."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.flotilla.swarm.plugins.plugin_utils.images.content import list_images


def images(registry, app, bases):
    """Wrap ``plugin_utils.images.content.list_images``, whose arguments and result these are.

    :raise AnsibleFilterError: the app's folder is not there
    """
    try:
        return list_images(registry, app, bases)
    except FileNotFoundError as error:
        raise AnsibleFilterError(f"image_app_dir: {error}") from error


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self):
        """Map filter names to functions."""
        return {"images": images}
