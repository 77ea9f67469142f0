#!/usr/bin/python
"""The one look at a host that all plans are made from."""

from __future__ import annotations

DOCUMENTATION = r"""
module: observe
short_description: Read everything about a host that flotilla decides on
description:
  - Answers in one module run what all roles ask about a host, and changes nothing.
  - What is wanted comes back beside what was seen, so that the plan is made from the results alone.
options:
  wanted:
    description:
      - What each role wants on this host, by role name.
      - A role's entry may hold C(packages) (list), C(files) (path to C(text), C(mode); a C(text) of V(null) asks for a
        file of any content and its text is not read back), C(services) (list), C(settings) (list of the files that the
        services read at their start), C(modules) (list of kernel modules) and C(ports) (list such as V(2377/tcp)).
    type: dict
    default: {}
  registry:
    description: Registry as C(host:port); the engine's stored login there is tried out.
    type: str
    default: ""
  reach:
    description: Peers as C(host:port) that a host in no swarm tries to reach.
    type: list
    elements: str
    default: []
  references:
    description: Image references whose digests the registry is asked for.
    type: list
    elements: str
    default: []
  stack:
    description: Name of the stack that managers describe.
    type: str
    default: ""
  page:
    description: C(port) and C(path) of the page that this host should answer; empty asks for none.
    type: dict
    default: {}
  logs:
    description: ID of a task whose last log lines are read.
    type: str
    default: ""
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Look at the host
  flotilla.swarm.observe:
    wanted:
      docker:
        packages: [docker.io]
        services: [docker]
    stack: hello
  register: preflight_seen
"""

RETURN = r"""
wanted:
  description: The option of that name, unchanged.
  returned: always
  type: dict
seen:
  description: >
    C(system), C(packages), C(held), C(unfinished), C(files), C(services), C(modules) as in module_utils/host.py;
    C(interrupted) as in module_utils/dpkg.py; C(ports) (of those wanted, the occupied ones with their holders),
    C(networks), C(firewall), C(reach) as in module_utils/network.py; C(engine), C(swarm), C(volumes), C(lock),
    C(nodes), C(stack), C(logs) as in module_utils/swarm.py; C(credentials) (whether a login to the registry is stored),
    C(login) (empty when the registry accepted it, else the reason), C(images) (reference to digest or null),
    C(local_images) as in module_utils/releases.py, C(page) (empty when it answered or none was asked for, else the
    reason).
  returned: always
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.flotilla.swarm.plugins.module_utils import dpkg, host, network, swarm
from ansible_collections.flotilla.swarm.plugins.module_utils.engine import Engine, stored_credentials
from ansible_collections.flotilla.swarm.plugins.module_utils.releases import local_images

CLIENT_CONFIG = "/root/.docker/config.json"


def look_at_files(wanted):
    """Describe the files that any role wants; only those with a wanted text are read back as text."""
    paths = {path: entry for role in wanted.values() for path, entry in role.get("files", {}).items()}
    return host.files(paths, [path for path, entry in paths.items() if entry.get("text") is not None])


def gather(wanted, key):
    """Collect one kind of thing over all roles, each once, in order."""
    return list(dict.fromkeys(name for role in wanted.values() for name in role.get(key, [])))


def look_at_registry(registry, references, stack):
    """Try the stored login, ask for digests and list what is here of it, through the engine."""
    engine = Engine()
    credentials = stored_credentials(host.read_text(CLIENT_CONFIG) or "", registry)
    login = engine.check_login(registry, credentials) if credentials else "no login is stored"
    auth = dict(credentials, serveraddress=registry) if credentials else None
    images = {reference: None if login else engine.image_digest(reference, auth) for reference in references}
    images = {"images": images, "local_images": local_images(engine, registry, stack)}
    return {"credentials": bool(credentials), "login": login, **images}


def main():
    """Look, and tell."""
    module = AnsibleModule(
        argument_spec={
            "wanted": {"type": "dict", "default": {}},
            "registry": {"type": "str", "default": ""},
            "reach": {"type": "list", "elements": "str", "default": []},
            "references": {"type": "list", "elements": "str", "default": []},
            "stack": {"type": "str", "default": ""},
            "page": {"type": "dict", "default": {}},
            "logs": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    wanted = module.params["wanted"]
    seen = {
        "system": host.system(module.run_command),
        "interrupted": dpkg.interrupted(),
        "files": look_at_files(wanted),
        "services": host.services(module.run_command, gather(wanted, "services")),
        "modules": host.kernel_modules(gather(wanted, "modules")),
        "ports": network.listeners(gather(wanted, "ports")),
        "networks": network.attached_networks(),
        "firewall": network.firewall(module.run_command),
        "reach": {},
        "credentials": False,
        "login": "no engine",
        "images": dict.fromkeys(module.params["references"]),
        "local_images": [],
        "page": "no engine" if module.params["page"] else "",
    }
    seen.update(host.packages(module.run_command, gather(wanted, "packages")))
    seen.update(swarm.observe(module.params["stack"], module.params["logs"]))
    if seen["swarm"]["state"] != "active":
        seen["reach"] = network.reach(module.params["reach"])
    if seen["engine"]:
        if module.params["registry"]:
            seen.update(
                look_at_registry(module.params["registry"], module.params["references"], module.params["stack"])
            )
        if module.params["page"] and seen["swarm"]["state"] == "active":
            page = module.params["page"]
            seen["page"] = host.page(seen["swarm"]["address"], int(page["port"]), page["path"])
    module.exit_json(changed=False, wanted=wanted, seen=seen)


if __name__ == "__main__":
    main()
