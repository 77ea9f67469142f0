#!/usr/bin/python
"""Documentation of the action plugin of this name."""

DOCUMENTATION = r"""
module: reset_report
short_description: Tell what a reset removed and what it kept
options:
  done:
    description: Inventory names of the hosts on which nothing failed.
    type: list
    elements: str
    required: true
  stack:
    description: Name of the stack.
    type: str
    required: true
  registry_host:
    description: Inventory name of the host that serves the registry; empty for an external one.
    type: str
    required: true
  registry_url:
    description: The registry.
    type: str
    required: true
  data:
    description: Whether the stack's volumes were to be removed.
    type: bool
    required: true
  images:
    description: Whether unused images were to be removed.
    type: bool
    required: true
extends_documentation_fragment: [flotilla.swarm.observations]
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Tell what was removed and what was kept
  flotilla.swarm.reset_report:
    hosts: "{{ groups['swarm'] }}"
    observed: flotilla_observed
    done: "{{ ansible_play_hosts }}"
    stack: hello
    registry_host: manager-1
    registry_url: 192.0.2.11:5000
    data: false
    images: true
"""

RETURN = r"""
lines:
  description: What is shown after the recap.
  returned: success
  type: list
"""
