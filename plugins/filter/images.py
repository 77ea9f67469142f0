"""Filters of role image."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.flotilla.swarm.plugins.plugin_utils.images.names import list_images


def images(registry: str, app: Mapping[str, str], bases: Mapping[str, object]) -> list[dict[str, object]]:
    """List what ``plugin_utils.images.names.list_images`` does, as plays read it.

    :raise AnsibleFilterError: the app's folder is not there
    """
    try:
        return [image.as_dict() for image in list_images(registry, app, bases)]
    except FileNotFoundError as error:
        raise AnsibleFilterError(f"image_app_dir: {error}") from error


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Map filter names to functions."""
        return {"images": images}
