#!/usr/bin/python
"""Documentation of the action plugin of this name."""

DOCUMENTATION = r"""
module: plan
short_description: Decide what each host has to do
description:
  - Makes the plan of a whole run from the results of M(flotilla.swarm.observe), on the control node, once per run.
  - Fails with one report when something forbids the run; nothing was changed until then.
options:
  site:
    description: Name of the variable that holds the site as plugin_utils/model/site.py reads it.
    type: str
    required: true
  take_lock:
    description: Whether to go on although another run seems to hold the lock.
    type: bool
    default: false
extends_documentation_fragment: [flotilla.swarm.observations]
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Plan
  flotilla.swarm.plan:
    site: preflight_site
    hosts: "{{ groups['swarm'] }}"
    observed: preflight_seen
  run_once: true
  register: preflight_plan
"""

RETURN = r"""
hosts:
  description: By inventory name, what the host has to do.
  returned: success
  type: dict
groups:
  description: By phase, the hosts that have something to do in it.
  returned: success
  type: dict
"""
