#!/usr/bin/python
"""Hold or release the lock that keeps two runs apart."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lock
short_description: Keep two runs apart
description:
  - Takes the lock of the site on a manager, renews it, or gives it back. A run does so only if it has something to do.
  - Fails when another run holds the lock, or has held it since this run observed the site. Then nothing may be changed.
  - The lock of a run whose process is gone is free, as is one that was not renewed for a while.
options:
  state:
    description: V(held) takes or renews the lock, V(released) gives it back.
    type: str
    choices: [held, released]
    required: true
  observed:
    description: C(lock) as M(flotilla.swarm.observe) read it on this host.
    type: dict
    required: true
  take:
    description: Whether to take the lock although another run seems to hold it.
    type: bool
    default: false
  run:
    description: Who is running; filled in by the action plugin of this name.
    type: dict
    default: {}
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Take the lock
  flotilla.swarm.lock:
    state: held
    observed: "{{ flotilla_observed.observation.lock }}"
"""

RETURN = r"""
lock:
  description: The lock as it is now, see C(Lock) in module_utils/observation/host.py.
  returned: always
  type: dict
"""

from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.flotilla.swarm.plugins.module_utils import lock, swarm
from ansible_collections.flotilla.swarm.plugins.module_utils.engine import Engine, EngineError


def managing_engine() -> Engine | None:
    """Return this host's engine if it manages a swarm, else ``None``."""
    engine = Engine()
    try:
        return engine if swarm.membership(engine.get("/info")).manager else None
    except EngineError:
        return None


def main() -> None:
    """Hold or release, and tell whose the lock is then."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["held", "released"], "required": True},
            "observed": {"type": "dict", "required": True},
            "take": {"type": "bool", "default": False},
            "run": {"type": "dict", "default": {}},
        }
    )
    state, observed, run = (module.params[name] for name in ("state", "observed", "run"))
    engine = managing_engine()
    try:
        found = lock.hold(engine, run, observed["version"]) if state == "held" else lock.release(engine, run)
    except EngineError as error:
        module.fail_json(msg=f"cannot write the lock: {error.message}")
    # Not a change: once the run is over, the site is as if there had been no lock.
    module.exit_json(changed=False, lock=asdict(found))


if __name__ == "__main__":
    main()
