#!/usr/bin/python
"""Documentation of the action plugin of this name."""

DOCUMENTATION = r"""
module: plan
short_description: Decide what each host has to do
description:
  - Makes the plan of a whole run from the results of M(flotilla.swarm.observe), on the control node, once per run.
  - Fails with one report when something forbids the run, or that it goes on; the first plan is made before anything is
    changed.
options:
  site:
    description: Name of the variable that holds the site as plugin_utils/model/site.py reads it.
    type: str
    required: true
  intent:
    description: What the run is for, see plugin_utils/model/intent.py.
    type: str
    required: true
  earlier:
    description: The plan that an earlier phase of this run followed; empty for the first one, which alone is told.
    type: dict
    default: {}
  rehearsed:
    description: Whether managers were asked already what a deploy would change of stacks that run.
    type: bool
    default: false
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
    site: __preflight_site
    intent: site
    hosts: "{{ groups['swarm'] }}"
    observed: flotilla_observed
  run_once: true
  register: flotilla_plan
  delegate_to: localhost
  delegate_facts: true
"""

RETURN = r"""
hosts:
  description: By inventory name and phase, the arguments of the phase.
  returned: success
  type: dict
changes:
  description: Whether there is anything to do.
  returned: success
  type: bool
rehearse:
  description: >-
    By inventory name, the stack files by stack of which that manager is to tell first what a deploy would change; then
    nothing was planned.
  returned: success
  type: dict
input:
  description: Digest of what the plan was made of beside the observations.
  returned: success
  type: str
begun:
  description: Whether the run changes something before it is planned again, or has done so before.
  returned: success
  type: bool
ansible_facts:
  description: C(flotilla_phases), by phase the hosts that go through it.
  returned: success
  type: dict
"""
