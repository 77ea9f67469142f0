#!/usr/bin/python
"""The one look at a host that all plans are made from."""

from __future__ import annotations

DOCUMENTATION = r"""
module: observe
short_description: Read everything about a host that flotilla decides on
description:
  - Answers in one module run what all roles ask about a host, and changes nothing.
  - The action of this name puts what is wanted beside what was seen, so that the plan is made from the results alone.
options:
  question:
    description:
      - Name of the variable that holds the other options. It is read on the control node; where it cannot be, nothing
        is looked at and the result tells why.
    type: str
  wanted:
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
        and C(ca_file) of the account that is tried out there.
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
  stack:
    description: Name of the stack that managers describe.
    type: str
    default: ""
  page:
    description:
      - C(port) and C(path) of the page that this host should answer, and C(visits), how many times it is asked (1).
      - Empty asks for none.
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
  register: flotilla_observed
"""

RETURN = r"""
wanted:
  description: The option of that name, unchanged.
  returned: unless C(question) cannot be read
  type: dict
seen:
  description: >
    C(system), C(packages), C(held), C(unfinished), C(files), C(services), C(modules),
    C(interrupted) as in module_utils/host.py and dpkg.py; C(daemon_config) (what dockerd says against the wanted
    daemon.json) as in module_utils/daemon_config.py; C(ports) (of those wanted, the occupied ones and their holders),
    C(networks), C(firewall), C(reach) as in module_utils/network.py; C(engine), C(swarm), C(volumes), C(lock),
    C(nodes), C(stack), C(logs) as in module_utils/swarm.py; C(credentials) (whether a login to the registry is stored),
    C(login) (empty when the registry accepted that and no other is wanted, else the reason), C(login_fingerprint) (on
    managers; of the wanted or stored login), C(accounts) (by purpose, empty when the registry accepted, else its
    answer), C(server_account) (the same for the account that this host serves), C(registry_way) (to a registry that a
    host of the inventory serves, as in module_utils/registry.py; who answers there is asked where no login succeeds),
    C(images) (reference to digest or null), C(local_images) as in module_utils/releases.py, C(page) (empty when it
    answered or none was asked for, else the reason).
  returned: unless C(question) cannot be read
  type: dict
unreadable:
  description: Why C(question) cannot be read.
  returned: when it cannot
  type: str
"""

import os
import subprocess

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.flotilla.swarm.plugins.module_utils import (
    daemon_config,
    dpkg,
    host,
    network,
    registry,
    swarm,
)
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


def observe_registry(engine, info, asked, accounts, references, stack):
    """Try accounts and logins, ask for digests and list what is here: through the engine where there is one.

    :param info: the engine's answer to ``GET /info``, ``None`` where no engine answers
    """
    server = asked["server"]
    stored = stored_credentials(host.read_text(CLIENT_CONFIG) or "", server)
    desired = {purpose: registry.decode(auth) for purpose, auth in accounts.items()}
    trusts = info and engine.trusts(info, server, asked.get("ca", ""), asked.get("insecure", False))
    answers = {purpose: try_account(engine if trusts else None, asked, account) for purpose, account in desired.items()}
    if not info:
        return {"accounts": answers}
    login = "no login is stored"
    if stored:
        other = "pull" in desired and stored != desired["pull"]
        login = "another login is stored" if other else engine.check_login(server, stored)
    auth = dict(stored, serveraddress=server) if stored else None
    return {
        "accounts": answers,
        "credentials": bool(stored),
        "login": login,
        "images": {reference: None if login else engine.image_digest(reference, auth) for reference in references},
        "local_images": local_images(engine, asked.get("url", server), stack),
    }


def try_account(engine, asked, account):
    """Let the engine log in, or log in without one; see ``registry_client.probe``."""
    if engine:
        return engine.check_login(asked["server"], account)
    trust = asked.get("ca", ""), asked.get("insecure", False)
    return registry.registry_client().probe(asked["server"], account, *trust, asked.get("proxies"))


def served_account(own):
    """Read the account of the registry that this host serves; ``None`` where it has no password yet."""
    password = (host.read_text(own["password_file"]) or "").strip() if own else ""
    return {"username": own["username"], "password": password} if password else None


def try_served_account(server, own, login):
    """Try the account of the registry that this host serves.

    :param login: what became of the login that the engine stores; where that is the same account, it has been tried
    """
    account, ca = served_account(own), host.read_text(own["ca_file"])
    if not account or not ca:
        return "nothing is served yet"
    if not login and account == stored_credentials(host.read_text(CLIENT_CONFIG) or "", server):
        return ""
    return registry.registry_client().probe(server, account, ca)


def fingerprint_login(engine, asked, accounts):
    """Make the login recognisable that this manager should give to services, or as far as it knows does give."""
    login = registry.decode(accounts["pull"]) if "pull" in accounts else served_account(asked.get("own"))
    login = login or stored_credentials(host.read_text(CLIENT_CONFIG) or "", asked["server"])
    # All managers know the token by which others would join, and nobody else does.
    return registry.fingerprint(engine.get("/swarm")["JoinTokens"]["Manager"], asked["server"], login) if login else ""


def run(command):
    """Run a command that only reads.

    :return: exit code, output and errors, as ``AnsibleModule.run_command`` does; that one takes longer than the command
    """
    done = subprocess.run(
        command, env={**os.environ, "LC_ALL": "C"}, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def main():
    """Observe, and tell."""
    module = AnsibleModule(
        argument_spec={
            "question": {"type": "str"},
            "wanted": {"type": "dict", "default": {}},
            "registry": {"type": "dict", "default": {}},
            "accounts": {"type": "dict", "default": {}, "no_log": True},
            "reach": {"type": "list", "elements": "str", "default": []},
            "references": {"type": "list", "elements": "str", "default": []},
            "stack": {"type": "str", "default": ""},
            "page": {"type": "dict", "default": {}},
            "logs": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    wanted = module.params["wanted"]
    engine = Engine()
    info = swarm.ask(engine)
    seen = {
        "system": host.system(run),
        "files": look_at_files(wanted),
        "services": host.services(run, gather(wanted, "services")),
        "modules": host.kernel_modules(gather(wanted, "modules")),
        "ports": network.listeners(gather(wanted, "ports")),
        "networks": network.networks(),
        "firewall": network.firewall(run),
        "reach": {},
        "credentials": False,
        "login": "no engine",
        "login_fingerprint": "",
        "accounts": {},
        "server_account": "",
        "registry_way": None,
        "images": dict.fromkeys(module.params["references"]),
        "local_images": [],
        "page": "no engine" if module.params["page"] else "",
        **dpkg.packages(gather(wanted, "packages")),
        **swarm.observe(engine, info, module.params["stack"], module.params["logs"]),
    }
    seen["daemon_config"] = daemon_config.refusal(module.run_command, wanted, seen)
    if seen["swarm"]["state"] != "active":
        seen["reach"] = network.reach(module.params["reach"])
    asked, accounts, page = (module.params[name] for name in ("registry", "accounts", "page"))
    if asked.get("server"):
        references, stack = module.params["references"], module.params["stack"]
        seen.update(observe_registry(engine, info, asked, accounts, references, stack))
        if asked.get("served"):
            answers = bool(seen["login"])
            seen["registry_way"] = registry.find_way(asked["server"], asked.get("proxies"), answers)
        if seen["swarm"]["manager"] and not seen["swarm"]["error"]:
            seen["login_fingerprint"] = fingerprint_login(engine, asked, accounts)
        if asked.get("own"):
            seen["server_account"] = try_served_account(asked["server"], asked["own"], seen["login"])
    if page and seen["swarm"]["state"] == "active":
        visits = int(page.get("visits", 1))
        seen["page"] = host.page(seen["swarm"]["address"], int(page["port"]), page["path"], visits)
    module.exit_json(changed=False, seen=seen)


if __name__ == "__main__":
    main()
