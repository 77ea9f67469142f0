#!/usr/bin/python
"""Documentation of the action plugin of this name."""

DOCUMENTATION = r"""
module: report
short_description: Tell where the service answers and what runs where
options:
  seen:
    description: What M(flotilla.swarm.observe) saw on a manager.
    type: dict
    required: true
  names:
    description: Inventory name by address.
    type: dict
    required: true
  port:
    description: The port that every node answers on; empty when the stack publishes none.
    type: int
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Tell what runs where
  flotilla.swarm.report:
    seen: "{{ flotilla_observed.seen }}"
    names: {192.0.2.1: manager-1}
    port: 4000
"""

RETURN = r"""
lines:
  description: The report, line by line.
  returned: success
  type: list
"""
