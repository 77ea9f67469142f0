#!/usr/bin/python
"""Let a running engine take up settings without a restart."""

from __future__ import annotations

DOCUMENTATION = r"""
module: reload_engine
short_description: Let a running engine take up settings without a restart
description:
  - Writes C(/etc/docker/daemon.json), which the engine then reads again. It goes on with its tasks, and is asked if
    it has the settings that this brings. Where it has not, the file gets its text of before again, as an engine may not
    start with what it refuses, and the module fails.
  - The file keeps its mode, and gets its time of before again, as no file with settings may be newer than the engine
    that runs with them. Where this is ended meanwhile it stays newer, at which the next run restarts the engine.
options:
  text:
    description: What the file is to say.
    type: str
    required: true
  settings:
    description: Which settings the engine is asked for afterwards.
    type: list
    elements: str
    required: true
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Let it take up a mirror of Docker Hub
  flotilla.swarm.reload_engine:
    text: |
      {"registry-mirrors": ["http://10.0.0.9:5000"]}
    settings: [registry-mirrors]
"""

RETURN = r"""#"""

import json
import os
import stat
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.flotilla.swarm.plugins.module_utils import engine_reload, files
from ansible_collections.flotilla.swarm.plugins.module_utils.daemon_config import PATH, without_logins
from ansible_collections.flotilla.swarm.plugins.module_utils.engine import Engine, EngineError

# Seconds in which the engine must have read its file; it takes a fraction of one.
PATIENCE = 30
FAILURE = (
    "The engine did not take up {} of {}{}. The file is as it was, and hosts whose turn was to come were not touched. "
    "Correct the setting that it comes from (docker_daemon_options, docker_insecure_registries, registry_insecure) and "
    "run this playbook again. On the host, journalctl --unit docker tells more"
)


def reload(module: AnsibleModule) -> str:
    """Let the engine read its file again, and ask it for the settings.

    :return: those that it did not take up, or why it does not tell; ``""`` where it has all of them
    """
    settings = json.loads(module.params["text"])
    rc, out, err = module.run_command(["systemctl", "reload", "docker.service"])
    if rc != 0:
        return f"anything ({err or out})"
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
    """Write the file, reload the engine, and see that it has its settings."""
    module = AnsibleModule(
        argument_spec={
            # The address of a proxy may have a login in it.
            "text": {"type": "str", "required": True, "no_log": True},
            "settings": {"type": "list", "elements": "str", "required": True},
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=True)
    begin = int(time.time())
    try:
        with open(PATH, encoding="utf-8") as stream:
            before, found = stream.read(), os.fstat(stream.fileno())
        mode = stat.S_IMODE(found.st_mode)
        # Newer than the engine until that has told that it has the settings: who ends this meanwhile leaves it so.
        files.write(PATH, module.params["text"], mode, 0o755)
        missing = reload(module)
        if missing:
            files.write(PATH, before, mode, 0o755)
        os.utime(PATH, ns=(found.st_atime_ns, found.st_mtime_ns))
    except OSError as error:
        module.fail_json(msg=f"{PATH}: {error.strerror}")
    if missing:
        module.fail_json(msg=FAILURE.format(missing, PATH, why(module, begin)))
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
