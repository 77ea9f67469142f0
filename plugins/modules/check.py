#!/usr/bin/python
"""Documentation of the action plugin of this name."""

DOCUMENTATION = r"""
module: check
short_description: Say what becomes of the stacks' Compose files
description:
  - Runs on the control node and asks no host.
  - Shows each stack's services, images and where they come from, volumes, ports, secrets and configs, and what is
    different in a swarm. It fails with one report of all problems of settings and files.
options:
  site:
    description: Name of the variable that describes the site.
    type: str
    required: true
  hosts:
    description: Inventory names of all hosts, whose settings are read.
    type: list
    elements: str
    required: true
  write:
    description:
      - Folder on the control node that gets a stack file for C(docker stack deploy) of each stack, with what is to be
        done before as a comment.
    type: path
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Check the stacks of the inventory
  flotilla.swarm.check:
    site: __preflight_site
    hosts: "{{ groups.swarm }}"
"""

RETURN = r"""
stacks:
  description: Names of the stacks that were checked.
  type: list
  elements: str
  returned: always
written:
  description: Stack files that were written.
  type: list
  elements: str
  returned: always
"""
