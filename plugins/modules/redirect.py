#!/usr/bin/python
"""Lead the visitors of a host's published ports to another host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: redirect
short_description: Lead the visitors of a host's published ports to another host
description:
  - For the time in which this host's engine is changed, TCP visitors of its ports are served by another host's routing
    mesh. Both serve the same; the other one takes this host for the visitor.
  - It is the first of several that takes TCP connections at every port, or else at the most of them. Visitors of a port
    at which it takes none are led nowhere.
  - Returns once visits that began before have had time to end, so that an engine may stop, or rules may go.
  - The end waits until the host's own routing mesh has served the ports for a while, as an engine that has just
    started may lose them once more when it hears of the other nodes; and goes on without that where they stay away.
  - What was begun is ended also where a run was killed in between. A reboot ends it too.
options:
  enabled:
    description: Whether visitors are led to the other host; otherwise this one serves them itself.
    type: bool
    required: true
  addresses:
    description: IPv4 addresses of hosts that may serve them, in the order in which they are tried, to begin.
    type: list
    elements: str
    default: []
  ports:
    description: The published ports, to begin.
    type: list
    elements: int
    default: []
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Lead visitors to another host
  flotilla.swarm.redirect:
    enabled: true
    addresses: [192.0.2.12, 192.0.2.13]
    ports: [4000]
"""

RETURN = r"""
address:
  description: Address of the host that visitors are led to from now on, C("") for none.
  returned: success
  type: str
ports:
  description: The ports whose visitors are led there.
  returned: success
  type: list
  elements: int
"""

import time
from collections.abc import Callable

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.flotilla.swarm.plugins.module_utils import redirect

# Seconds that visits which have begun may take to end: before the engine stops under them, and before the rules go that
# lead them. A page takes far less; with 6 and 12 none of 4193 requests failed while engines were restarted.
BEFORE = 6
BEHIND = 12
# Seconds for which the ports must have been served without a break: soon after a start they were observed to go once
# more, for 1 s. And how long may be waited for that: those of an only manager came back after 52 s.
STEADY = 10
PATIENCE = 120


def await_mesh(run: Callable[[list[str]], tuple[int, str, str]]) -> None:
    """Wait until the host's own routing mesh serves the ports, and goes on to do so."""
    begin = since = time.monotonic()
    while time.monotonic() - since < STEADY and time.monotonic() - begin < PATIENCE:
        if not redirect.is_served(run):
            since = time.monotonic()
        time.sleep(1)


def main() -> None:
    """Begin or end."""
    module = AnsibleModule(
        argument_spec={
            "enabled": {"type": "bool", "required": True},
            "addresses": {"type": "list", "elements": "str", "default": []},
            "ports": {"type": "list", "elements": "int", "default": []},
        },
        required_if=[("enabled", True, ("addresses", "ports"))],
    )
    address, ports = "", list[int]()
    if module.params["enabled"]:
        address, ports = redirect.choose(module.params["addresses"], module.params["ports"])
    changed = bool(address) if module.params["enabled"] else redirect.is_there()
    try:
        if address:
            redirect.begin(module.run_command, address, ports)
            time.sleep(BEFORE)
        elif changed:
            await_mesh(module.run_command)
            redirect.stop_new(module.run_command)
            time.sleep(BEHIND)
            redirect.end(module.run_command)
    except redirect.RedirectError as error:
        module.fail_json(msg=f"cannot change where visitors are led: {error}")
    module.exit_json(changed=changed, address=address, ports=ports)


if __name__ == "__main__":
    main()
