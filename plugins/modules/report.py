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
  hosts:
    description: C(hosts) of M(flotilla.swarm.plan).
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
    seen: "{{ preflight_seen.seen }}"
    hosts: "{{ preflight_plan.hosts }}"
    port: 4000
"""

RETURN = r"""
lines:
  description: The report, line by line.
  returned: success
  type: list
"""
