#!/usr/bin/python
"""Documentation of the action plugin of this name."""

DOCUMENTATION = r"""
module: announce
short_description: Tell what a run would change on this host
description:
  - Used under C(--check); the roles' own tasks are not run then, since most need what an earlier one would have made.
options:
  changes:
    description: The host's C(changes) of M(flotilla.swarm.plan).
    type: list
    elements: dict
    required: true
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Tell what would change
  flotilla.swarm.announce:
    changes: "{{ flotilla_plan.hosts[inventory_hostname].changes }}"
"""

RETURN = r"""#"""
