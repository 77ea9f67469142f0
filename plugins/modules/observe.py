#!/usr/bin/python
"""The one observation of a host that all plans are made from."""

from __future__ import annotations

DOCUMENTATION = r"""
module: observe
short_description: Read everything about a host that flotilla decides on
description:
  - Answers in one module run what all roles ask about a host, and changes nothing.
  - The action of this name puts what is desired beside what was observed: the plan is made from the results alone.
options:
  question:
    description:
      - Name of the variable that holds the other options. It is read on the control node; where it cannot be, nothing
        is observed and the result tells why.
    type: str
  desired:
    description:
      - What each role wants on this host, by role name.
      - A role's entry may hold C(packages) (list), C(files) (path to C(text), C(mode); a C(text) of V(null) asks for a
        file of any content and its text is not read back), C(services) (list), C(settings) (list of the files that the
        services read at their start), C(modules) (list of kernel modules) and C(ports) (list such as V(2377/tcp)).
    type: dict
    default: {}
  registry:
    description:
      - The registry, and what the host is to trust there; empty asks for none.
      - C(server) as C(host:port), where the engine's stored login is tried out; C(url), the same with a prefix of
        images; C(ca) (PEM text) and C(insecure), which an external registry wants; C(proxies) of the engine's settings;
        C(served), whether a host of the inventory serves it; C(own), on that host, with C(username), C(password_file)
        and C(ca_file) of the account that is tried out there; C(certificate), whether it is told how long the
        registry's certificate is valid; C(storage), folder of the images of which it is told what is there;
        C(sources), by reference of images that are copies, what they are copied from; C(others), images of any
        registry that this manager's engine must be able to pull, unless the swarm has them already.
    type: dict
    default: {}
  accounts:
    description: Accounts that an external registry must take, by purpose, as in Docker's C(config.json).
    type: dict
    default: {}
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
  stacks:
    description: Names of the stacks that managers describe.
    type: list
    elements: str
    default: []
  pages:
    description:
      - C(port) and C(path) of the pages that this host should answer, by stack; C(visits), how many times each is asked
        (1); and C(ready_path), which must then not answer with an error of the server (none).
    type: dict
    default: {}
  upgrades:
    description:
      - Which newer versions of packages are told, by the lists that apt has, and whether the host needs a reboot; empty
        asks for neither. C(waiting) tells those of C(security), or why apt cannot tell them, those of images that tasks
        run from, and until when the host's release gets any.
    type: str
    choices: ["", security, all, engine, waiting]
    default: ""
  rehearse:
    description: Stack files by stack, of which this manager tells what C(docker stack deploy) would make of them.
    type: dict
    default: {}
  measure:
    description: Whether the volumes of these stacks are measured, which reads the whole of their folders.
    type: bool
    default: false
  logs:
    description: ID of a task whose last log lines are read.
    type: str
    default: ""
author: The flotilla authors
"""

EXAMPLES = r"""
- name: Observe the host
  flotilla.swarm.observe:
    desired:
      docker:
        packages: [docker.io]
        services: [docker]
    stacks: [hello]
  register: flotilla_observed
"""

RETURN = r"""
desired:
  description: The option of that name, unchanged.
  returned: unless C(question) cannot be read
  type: dict
observation:
  description:
    - The fields of C(Observed) in module_utils/observation. C(nodes), C(stacks) and C(logs) are left out where a host
      cannot tell them, or was not asked. The module writes them as one text in JSON, which the action reads.
  returned: unless C(question) cannot be read
  type: dict
unreadable:
  description: Why C(question) cannot be read.
  returned: when it cannot
  type: str
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.flotilla.swarm.plugins.module_utils import (
    daemon_config,
    dpkg,
    host,
    mesh,
    network,
    observe_registry,
    own_rules,
    redirect,
    swarm,
    unattended,
    volumes,
)
from ansible_collections.flotilla.swarm.plugins.module_utils.engine import Engine, Item
from ansible_collections.flotilla.swarm.plugins.module_utils.observation import Observed
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.host import File
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.upgrades import RUNTIME, Upgrades

# What each role wants, by role name: the option above.
Desired = Mapping[str, Mapping[str, Any]]


def observe_files(desired: Desired) -> dict[str, File | None]:
    """Describe the files that any role desires; only those with a desired text are read back as text."""
    paths = {path: entry for role in desired.values() for path, entry in role.get("files", {}).items()}
    return host.files(paths, [path for path, entry in paths.items() if entry.get("text") is not None])


def gather(desired: Desired, key: str) -> list[str]:
    """Collect one kind of thing over all roles, each once, in order."""
    return list(dict.fromkeys(name for role in desired.values() for name in role.get(key, [])))


def engine_packages(params: Mapping[str, Any]) -> list[str]:
    """Name all packages that an engine may consist of, and what runs beneath it; none of a host without an engine."""
    names = params["desired"].get("docker_engine", {}).get("packages", [])
    return [*names, *RUNTIME] if names else []


def observe_host(engine: Engine, info: Item | None, params: Mapping[str, Any], validate: daemon_config.Run) -> Observed:
    """Read everything but what the registry and the pages answer.

    :param validate: runs dockerd, to ask it about its settings
    """
    desired = params["desired"]
    files, services = observe_files(desired), host.services(host.run, gather(desired, "services"))
    packages = dpkg.packages(gather(desired, "packages"))
    saved = host.output(host.run, ["iptables-save"])
    own = swarm.observe(engine, info, params["stacks"], params["logs"])
    return Observed(
        system=host.system(host.run),
        packages=packages.packages,
        held=packages.held,
        unattended=unattended.upgraded(host.run, engine_packages(params)),
        interrupted=packages.interrupted,
        unfinished=packages.unfinished,
        daemon_config=daemon_config.refusal(validate, desired, files, services),
        files=files,
        services=services,
        modules=host.kernel_modules(gather(desired, "modules")),
        ports=network.listeners(gather(desired, "ports")),
        networks=network.networks(),
        firewall=network.firewall(host.run),
        own_rules=own_rules.observe(host.run, saved),
        redirected=redirect.is_there(),
        mesh=mesh.observe(saved) if own.swarm.is_member else None,
        reach={} if own.swarm.is_member else network.reach(params["reach"]),
        credentials=False,
        login="no engine",
        login_fingerprint="",
        accounts={},
        server_account="",
        registry_resolution=None,
        images=dict.fromkeys(params["references"]),
        local_images=(),
        pages=dict.fromkeys(params["pages"], "no engine"),
        **vars(own),
    )


def observe_upgrades(module: AnsibleModule, engine: Engine, info: Item | None, observed: Observed) -> Upgrades:
    """Read which newer versions are there; where people are told of them, also what else is out of date.

    The module fails where apt cannot tell, and somebody is to act on it.
    """
    # As rehearsal, few runs need them, and each observation would pay for their import.
    from ansible_collections.flotilla.swarm.plugins.module_utils import image_updates, upgrades

    params, system, interrupted = module.params, observed.system, bool(observed.interrupted)
    try:
        found = upgrades.observe(host.run, params["upgrades"], engine_packages(params), system.kernel, interrupted)
    except upgrades.UpgradesError as error:
        module.fail_json(msg=f"apt cannot tell what it would upgrade: {error}")
    if params["upgrades"] != "waiting":
        return found
    images = image_updates.observe(host.run, engine, system.distribution) if info else {}
    return replace(found, images=images, support_ends=upgrades.support_ends(system.distribution))


def visit(address: str, page: Mapping[str, Any]) -> str:
    """Ask for a page, and whether its app is ready; ``""`` where all is well, see ``host.page`` and ``readiness``."""
    port, ready_path = int(page["port"]), page.get("ready_path", "")
    silence = host.page(address, port, page["path"], int(page.get("visits", 1)))
    return silence or (host.readiness(address, port, ready_path) if ready_path else "")


def main() -> None:
    """Observe, and tell."""
    module = AnsibleModule(
        argument_spec={
            "question": {"type": "str"},
            "desired": {"type": "dict", "default": {}},
            "registry": {"type": "dict", "default": {}},
            "accounts": {"type": "dict", "default": {}, "no_log": True},
            "reach": {"type": "list", "elements": "str", "default": []},
            "references": {"type": "list", "elements": "str", "default": []},
            "stacks": {"type": "list", "elements": "str", "default": []},
            "pages": {"type": "dict", "default": {}},
            "rehearse": {"type": "dict", "default": {}},
            "measure": {"type": "bool", "default": False},
            "logs": {"type": "str", "default": ""},
            "upgrades": {"type": "str", "choices": ["", "security", "all", "engine", "waiting"], "default": ""},
        },
        supports_check_mode=True,
    )
    engine = Engine()
    info = swarm.ask(engine)
    observed = observe_host(engine, info, module.params, module.run_command)
    if module.params["registry"].get("server"):
        observed = observe_registry.observe(observed, engine, info, module.params)
    if observed.swarm.manager and module.params["rehearse"]:
        from ansible_collections.flotilla.swarm.plugins.module_utils import rehearsal

        told = rehearsal.rehearse(module.run_command, module.params["rehearse"])
        observed = replace(observed, rehearsals=told)
    if observed.swarm.is_member:
        pages = {name: visit(observed.swarm.address, page) for name, page in module.params["pages"].items()}
        observed = replace(observed, pages=pages)
    if info and module.params["measure"]:
        observed = replace(observed, volume_mib=volumes.sizes(host.run, engine, module.params["stacks"]))
    if module.params["upgrades"]:
        observed = replace(observed, upgrades=observe_upgrades(module, engine, info, observed))
    # As one text: Ansible goes through each value of a result, which would take a host long.
    module.exit_json(changed=False, observation=json.dumps(observed.as_dict()))


if __name__ == "__main__":
    main()
