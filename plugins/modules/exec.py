#!/usr/bin/python
"""Documentation of the action plugin of this name."""

DOCUMENTATION = r"""
module: exec
short_description: Run a command in a container, and show what it prints
description:
  - Runs M(community.docker.docker_container_exec), and fails with the command's exit code.
options:
  container:
    description: ID of the container.
    type: str
    required: true
  argv:
    description: The command with its arguments.
    type: list
    elements: str
    required: true
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Ask Redis for its version
  flotilla.swarm.exec:
    container: "{{ container }}"
    argv: [redis-cli, --version]
"""

RETURN = r"""
rc:
  description: Exit code of the command, which is V(0) where the task succeeds.
  type: int
  returned: success
"""
