#!/usr/bin/python
"""Run a command once in a task of its own."""

from __future__ import annotations

DOCUMENTATION = r"""
module: run_task
short_description: Run a command once in a task of its own, as a service would
description:
  - Runs on a manager. The task has the image, networks, secrets, mounts and environment of a service, and runs on
    whichever node takes it. Its job is removed when it ends.
options:
  service:
    description: Full name of the service.
    type: str
    required: true
  argv:
    description: The command with its arguments, behind the entrypoint of service or image.
    type: list
    elements: str
    required: true
  timeout:
    description: Seconds that it may take.
    type: int
    default: 600
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Migrate the database
  flotilla.swarm.run_task:
    service: shop_web
    argv: [python3, -m, shop.migrate]
"""

RETURN = r"""
rc:
  description: Exit code of the command, V(-1) where it was not started or took too long.
  type: int
  returned: always
lines:
  description: What it printed.
  type: list
  elements: str
  returned: always
error:
  description: The engine's words where it was not started.
  type: str
  returned: always
"""

import secrets
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.flotilla.swarm.plugins.module_utils import one_off
from ansible_collections.flotilla.swarm.plugins.module_utils.engine import Engine, EngineError, stored_credentials
from ansible_collections.flotilla.swarm.plugins.module_utils.host import read_text
from ansible_collections.flotilla.swarm.plugins.module_utils.registry import server_of


def main() -> None:
    """Run it, and tell how it ended."""
    module = AnsibleModule(
        argument_spec={
            "service": {"type": "str", "required": True},
            "argv": {"type": "list", "elements": "str", "required": True},
            "timeout": {"type": "int", "default": 600},
        }
    )
    given, engine = module.params, Engine()
    name = f"{given['service']}_run_{secrets.token_hex(3)}"
    try:
        image = engine.get(f"/services/{given['service']}")["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"]
        config = read_text(str(Path.home() / ".docker/config.json")) or ""
        login = stored_credentials(config, server_of(image)) or {}
        ended = one_off.run(engine, given["service"], name, given["argv"], login, given["timeout"])
    except EngineError as error:
        module.fail_json(msg=f"it cannot be run: {error}")
    module.exit_json(changed=True, rc=ended.code, lines=list(ended.lines), error=ended.error)


if __name__ == "__main__":
    main()
