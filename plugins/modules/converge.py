#!/usr/bin/python
"""Documentation of the action plugin of this name."""

DOCUMENTATION = r"""
module: converge
short_description: Follow a deploy until every service runs at its size
description:
  - Observes a stack through a manager until all services run their newest spec at their size, telling how far it is.
  - Returns as well when tasks of an older spec are left behind, see C(stale); with O(steady) it fails then.
  - Fails when an update was rolled back or paused, or when the time is over, with the node, the error and the last log
    lines of a task that stands in the way.
options:
  stack:
    description: Name of the stack.
    type: str
    required: true
  timeout:
    description: Seconds that it may take.
    type: int
    required: true
  skip_wait_for:
    description: Services that are not waited for, because the one host that they can run on is away.
    type: list
    elements: str
    default: []
  steady:
    description: Seconds that they must stay at their size before it returns.
    type: int
    default: 0
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Wait until every service is at its size
  flotilla.swarm.converge:
    stack: hello
    timeout: 600
"""

RETURN = r"""
stack:
  description: The option of that name.
  returned: success
  type: str
specs:
  description: By service, the spec that runs, as the engine tells it.
  returned: success
  type: dict
stale:
  description: Services with tasks that an update left behind; a further deploy ends them. Mostly empty.
  returned: success
  type: list
"""
