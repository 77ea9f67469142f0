#!/usr/bin/python
"""Read what the tasks of services have written, over all nodes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logs
short_description: Read what the tasks of services have written, over all nodes
description:
  - Runs on a manager, whose engine asks the engines of all nodes. Changes nothing.
  - The action plugin of this name shows the lines, and with O(follow) goes on asking until it is interrupted.
options:
  services:
    description: Full names of the services.
    type: list
    elements: str
    required: true
  seconds:
    description: How far back, V(0) for all that there is.
    type: int
    default: 0
  after:
    description:
      - All lines that were written after this time, as C(lines) of the result have it, and in the 10 seconds before it,
        for other nodes' clocks; instead of O(seconds) and O(lines).
    type: str
    default: ""
  lines:
    description: How many lines of each task, at most.
    type: int
    default: 100
  follow:
    description: Whether what comes later is shown as well; for the action plugin.
    type: bool
    default: false
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Show the last ten minutes of a service
  flotilla.swarm.logs:
    services: [shop_web]
    seconds: 600
"""

RETURN = r"""
lines:
  description: Each with C(time), C(task), C(node) and C(text), oldest first.
  returned: always
  type: list
  elements: dict
"""

import time
from dataclasses import asdict
from datetime import datetime, timedelta

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.flotilla.swarm.plugins.module_utils import service_logs
from ansible_collections.flotilla.swarm.plugins.module_utils.engine import Engine, EngineError

# By how much the clocks of nodes may differ without a line being lost; a run is refused where they do by 5 s.
CLOCKS = timedelta(seconds=10)


def begin(seconds: int, after: str) -> float:
    """Return the time that lines are asked for from, in seconds since 1970; the engine takes no finer one as text."""
    if after:
        return (datetime.fromisoformat(f"{after[:19]}+00:00") - CLOCKS).timestamp()
    return time.time() - seconds if seconds else 0


def main() -> None:
    """Read, and tell."""
    module = AnsibleModule(
        argument_spec={
            "services": {"type": "list", "elements": "str", "required": True},
            "seconds": {"type": "int", "default": 0},
            "after": {"type": "str", "default": ""},
            "lines": {"type": "int", "default": 100},
            "follow": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    given = module.params
    try:
        since, lines = begin(given["seconds"], given["after"]), None if given["after"] else given["lines"]
        found = service_logs.read(Engine(), given["services"], since, lines)
    except EngineError as error:
        module.fail_json(msg=f"the logs cannot be read: {error}")
    module.exit_json(changed=False, lines=list(map(asdict, found)))


if __name__ == "__main__":
    main()
