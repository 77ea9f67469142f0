"""Lookup of role image: it reads the folders of what is built on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
name: images
short_description: List the images of a site, named by content
description:
  - Lists each image after those that it is made from, with its reference and what its making needs.
  - Reads the folders of what is built, whose content goes into the names of the images.
options:
  _terms:
    description: The registry, as C(host:port) with or without C(/prefix).
    required: true
  stacks:
    description: Stacks, as lookup C(flotilla.swarm.stacks) lists them.
    type: list
    elements: dict
    required: true
  python:
    description: Version of Python that wheels are fetched for.
    type: str
    required: true
  bases:
    description: What base images are made of, see plugin_utils/images/names.py.
    type: dict
    required: true
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Name the images
  ansible.builtin.debug:
    msg: "{{ query('flotilla.swarm.images', 'reg:5000', stacks=stacks, python=image_python, bases=bases) }}"
"""

RETURN = r"""
_list:
  description: Images, each with C(name), C(kind), C(reference) and what its making needs.
  type: list
  elements: dict
"""

from collections.abc import Mapping, Sequence

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.flotilla.swarm.plugins.plugin_utils.images.names import list_images


class LookupModule(LookupBase):
    """Name images by their content."""

    def run(
        self, terms: Sequence[str], variables: Mapping[str, object] | None = None, **kwargs: object
    ) -> list[dict[str, object]]:
        """Return the images of each registry.

        :raise AnsibleLookupError: the folder of what is built is not there
        """
        self.set_options(var_options=variables, direct=kwargs)
        options = self.get_option("stacks"), self.get_option("python"), self.get_option("bases")
        try:
            return [image.as_dict() for registry in terms for image in list_images(registry, *options)]
        except FileNotFoundError as error:
            raise AnsibleLookupError(f"stacks: {error}") from error
