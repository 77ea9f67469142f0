#!/usr/bin/python
"""Let a running engine take up settings without a restart."""

from __future__ import annotations

DOCUMENTATION = r"""
module: reload_engine
short_description: Let a running engine take up settings without a restart
description:
  - The engine reads C(/etc/docker/daemon.json) again and goes on with its tasks. It is then asked whether it has the
    settings that this brings, and the module fails where it does not.
  - Once it has them, the file gets the time at which the engine started, as no file with settings may be newer than the
    engine that runs with them. Where the module fails, the file stays newer, at which the next run restarts the engine.
options:
  settings:
    description: Which settings the engine is asked for afterwards.
    type: list
    elements: str
    required: true
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Let it take up its mirrors of registries
  flotilla.swarm.reload_engine:
    settings: [registry-mirrors]
"""

RETURN = r"""#"""

import json
import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.flotilla.swarm.plugins.module_utils import engine_reload, host
from ansible_collections.flotilla.swarm.plugins.module_utils.daemon_config import PATH, without_logins
from ansible_collections.flotilla.swarm.plugins.module_utils.engine import Engine, EngineError

# Seconds in which the engine must have read its file; it takes a fraction of one.
PATIENCE = 30
FAILURE = (
    "The engine goes on, but has not taken up {} of {}{}. It may not start with that file: correct what it names, or "
    "take back docker_daemon_options, and run this playbook again, which restarts it. On the host, journalctl --unit "
    "docker tells more. Hosts whose turn was to come were not touched."
)


def reload(module: AnsibleModule) -> str:
    """Reload the engine.

    :return: what it did not take up, or why it does not tell; ``""`` where it has all of it
    :raise OSError: the file cannot be read, as at ``ValueError``
    """
    with open(PATH, encoding="utf-8") as stream:
        settings = json.load(stream)
    module.run_command(["systemctl", "reload", "docker.service"], check_rc=True)
    begin, missing = time.monotonic(), "anything"
    while missing and time.monotonic() - begin < PATIENCE:
        time.sleep(0.2)
        try:
            missing = ", ".join(engine_reload.not_taken_up(module.params["settings"], settings, Engine().get("/info")))
        except EngineError as error:
            missing = f"anything that it could tell ({error})"
    return missing


def why(module: AnsibleModule, begin: int) -> str:
    """Return what the engine last said of an error, as part of a sentence; ``""`` where it said nothing.

    :param begin: since when, in seconds since 1970
    """
    command = ["journalctl", "--unit", "docker", "--since", f"@{begin}", "--output", "cat", "--no-pager"]
    errors = [line for line in module.run_command(command)[1].splitlines() if "level=error" in line]
    return f", which says: {without_logins(errors[-1])}" if errors else ""


def main() -> None:
    """Reload the engine, and see that it has its settings."""
    module = AnsibleModule(
        argument_spec={"settings": {"type": "list", "elements": "str", "required": True}}, supports_check_mode=True
    )
    if module.check_mode:
        module.exit_json(changed=True)
    begin, started = int(time.time()), host.services(host.run, ["docker"])["docker"].started
    try:
        if missing := reload(module):
            module.fail_json(msg=FAILURE.format(missing, PATH, why(module, begin)))
        os.utime(PATH, (started, started))
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"the engine was to take up {PATH} without a restart: {error}")
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
