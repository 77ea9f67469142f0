#!/usr/bin/python
"""Documentation of the action plugin of this name."""

DOCUMENTATION = r"""
module: report
short_description: Report the state of a site, what a reset removed, or what an eviction rotated
description:
  - Changes nothing. With P(flotilla.swarm.concise#callback) as C(stdout_callback) the lines stand after the recap, else
    where the task runs.
options:
  about:
    description:
      - V(site) for the nodes, services and addresses at the end of a run.
      - V(status) for these with releases, failed tasks, what a run would do and problems; it fails if it has any.
      - V(reset) for what a reset removed and what it kept.
      - V(eviction) for what was rotated, and what was not.
    type: str
    choices: [site, status, reset, eviction]
    required: true
  names:
    description: Inventory names by address; needed for V(site) and V(status).
    type: dict
  observation:
    description: C(observation) of M(flotilla.swarm.observe) on a manager; needed for V(site).
    type: dict
  hosts:
    description:
      - Inventory names of all hosts, also of those that could not be observed; needed for V(status) and V(reset).
    type: list
    elements: str
  observed:
    description:
      - Name of the variable that holds the result of M(flotilla.swarm.observe) of each host; needed for V(status) and
        V(reset).
    type: str
  stacks:
    description: Names of the stacks; needed for V(reset).
    type: list
    elements: str
  ports:
    description:
      - For V(site) and V(status), by stack the port that every node answers on; none for a stack that publishes none.
    type: dict
    default: {}
  problems:
    description: For V(status), sentences about problems that the plan tells.
    type: list
    elements: str
    default: []
  pending:
    description: For V(status), what a run of site.yml would do; C(hosts) (list) and C(text) of each.
    type: list
    elements: dict
    default: []
  format:
    description: For V(status), V(text) for a terminal, V(json) for one line of JSON.
    type: str
    choices: [text, json]
    default: text
  done:
    description:
      - For V(reset), inventory names of the hosts on which nothing failed. For V(eviction), sentences about what was
        cut off and rotated. Needed for both.
    type: list
    elements: str
  registry_host:
    description: For V(reset), inventory name of the host that serves the registry; empty for an external one.
    type: str
    default: ""
  registry_url:
    description: The registry; needed for V(reset).
    type: str
  data:
    description: For V(reset), whether the stacks' volumes were to be removed.
    type: bool
    default: false
  images:
    description: For V(reset), whether unused images were to be removed.
    type: bool
    default: false
  host:
    description: For V(eviction), what its user calls the host.
    type: str
  yours:
    description: For V(eviction), sentences about what only the user can rotate.
    type: list
    elements: str
  stays:
    description: For V(eviction), sentences about what stays valid for a while.
    type: list
    elements: str
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Report what runs where
  flotilla.swarm.report:
    about: site
    names: {192.0.2.11: manager-1}
    observation: "{{ flotilla_observed.observation }}"
    ports: {hello: 4000}

- name: Report the state of the site
  flotilla.swarm.report:
    about: status
    hosts: "{{ groups['swarm'] }}"
    names: {192.0.2.11: manager-1, 192.0.2.12: worker-1}
    ports: {hello: 4000}
    observed: flotilla_observed

- name: Report what was removed and what was kept
  flotilla.swarm.report:
    about: reset
    hosts: "{{ groups['swarm'] }}"
    observed: flotilla_observed
    stacks: [hello]
    done: "{{ ansible_play_hosts }}"
    registry_host: manager-1
    registry_url: 192.0.2.11:5000
"""

RETURN = r"""
lines:
  description: The report, line by line.
  returned: success
  type: list
status:
  description: The whole as plugin_utils/output/status.py describes it.
  returned: with O(about=status)
  type: dict
"""
