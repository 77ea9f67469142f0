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
- name: Let it take up its labels
  flotilla.swarm.reload_engine:
    settings: [labels]
"""

RETURN = r"""#"""

import json
import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.flotilla.swarm.plugins.module_utils import engine_reload, host
from ansible_collections.flotilla.swarm.plugins.module_utils.daemon_config import PATH
from ansible_collections.flotilla.swarm.plugins.module_utils.engine import Engine, EngineError

# Seconds in which the engine must have read its file; it takes a fraction of one.
PATIENCE = 30


def reload(module: AnsibleModule) -> list[str]:
    """Reload the engine.

    :return: the settings that it did not take up
    :raise EngineError: it does not answer
    """
    with open(PATH, encoding="utf-8") as stream:
        settings = json.load(stream)
    module.run_command(["systemctl", "reload", "docker.service"], check_rc=True)
    begin = time.monotonic()
    while missing := engine_reload.not_taken_up(module.params["settings"], settings, Engine().get("/info")):
        if time.monotonic() - begin > PATIENCE:
            break
        time.sleep(0.5)
    return missing


def main() -> None:
    """Reload the engine, and see that it has its settings."""
    module = AnsibleModule(
        argument_spec={"settings": {"type": "list", "elements": "str", "required": True}}, supports_check_mode=True
    )
    if module.check_mode:
        module.exit_json(changed=True)
    started = host.services(host.run, ["docker"])["docker"].started
    try:
        missing = reload(module)
        if not missing:
            os.utime(PATH, (started, started))
    except (EngineError, OSError, ValueError) as error:
        module.fail_json(msg=f"the engine was to take up {PATH} without a restart: {error}")
    if missing:
        module.fail_json(
            msg=f"the engine did not take up {', '.join(missing)} of {PATH} without a restart; the next run restarts it"
        )
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
