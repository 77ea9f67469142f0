#!/usr/bin/python
"""Documentation of the action plugin of this name."""

DOCUMENTATION = r"""
module: status
short_description: Tell how a site is
description:
  - Gathers nodes, services, tasks, releases and problems from what hosts saw, and changes nothing.
options:
  stack:
    description: Name of the stack.
    type: str
    required: true
  port:
    description:
      - Port that hosts were asked for the page at. What they answered counts where a service publishes that port.
    type: int
    default: 0
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
    stack: hello
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
