#!/usr/bin/python
"""Documentation of the action plugin of this name."""

DOCUMENTATION = r"""
module: status
short_description: Tell how a site is
description:
  - Gathers nodes, services, tasks, releases and problems from what hosts saw, and changes nothing.
options:
  format:
    description: V(text) for a terminal, V(json) for one line of JSON.
    type: str
    default: text
extends_documentation_fragment: [flotilla.swarm.observations]
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Tell how the site is
  flotilla.swarm.status:
    hosts: "{{ groups['swarm'] }}"
    observed: flotilla_observed
"""

RETURN = r"""
status:
  description: The whole as plugin_utils/output/status.py describes it.
  returned: success
  type: dict
lines:
  description: What is shown after the recap.
  returned: success
  type: list
"""
