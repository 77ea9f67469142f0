"""Lookup of role stack: it reads the stacks' Compose files on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stacks
short_description: Read the stacks of an inventory with their files
description:
  - Lists each stack with its stack file, which is made of its Compose files, what is built and which images it names,
    the ports that it publishes, and its settings, defaults filled in.
  - An entry is described in roles/stack/meta/stacks.yml.
options:
  _terms:
    description: Mappings of stacks by name.
    required: true
  folder:
    description: Folder that the paths of stacks begin at.
    type: str
    required: true
  chosen:
    description: Names of the stacks that the run is about, none for all. The other options are for these.
    type: list
    elements: str
    default: []
  rotate:
    description: Secrets that get another value.
    type: list
    elements: str
    default: []
  lost:
    description: Data whose loss the user accepts.
    type: list
    elements: str
    default: []
  adopt:
    description: Stacks of which the user accepts what taking them over changes.
    type: list
    elements: str
    default: []
  release:
    description: Number of the release to go back to, V(0) for the previous one.
    type: int
    default: 0
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Read the stacks
  ansible.builtin.debug:
    msg: "{{ query('flotilla.swarm.stacks', stacks, folder=inventory_dir) }}"
"""

RETURN = r"""
_list:
  description: Stacks, as C(stacks) of the site that M(flotilla.swarm.plan) reads.
  type: list
  elements: dict
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge.stack_entries import RunRequest, read_entry


class LookupModule(LookupBase):
    """Read stacks."""

    def run(
        self, terms: Sequence[Mapping[str, Any]], variables: Mapping[str, object] | None = None, **kwargs: object
    ) -> list[dict[str, object]]:
        """Return the stacks of each mapping.

        :raise AnsibleLookupError: an entry cannot be read
        """
        self.set_options(var_options=variables, direct=kwargs)
        request = RunRequest(
            chosen=self.get_option("chosen"),
            rotate=self.get_option("rotate"),
            lost=self.get_option("lost"),
            adopt=self.get_option("adopt"),
            release=self.get_option("release"),
        )
        found = []
        for stacks in terms:
            for name, entry in stacks.items():
                try:
                    found.append(read_entry(name, entry, self.get_option("folder"), request))
                except (OSError, TypeError, ValueError, LookupError) as error:
                    raise AnsibleLookupError(f"stacks.{name}: {error}") from error
        return found
