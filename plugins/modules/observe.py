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
  stacks:
    description: Names of the stacks that managers describe.
    type: list
    elements: str
    default: []
  pages:
    description:
      - C(port) and C(path) of the pages that this host should answer, by stack, and C(visits), how many times each is
        asked (1).
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
    stacks: [hello]
  register: flotilla_observed
"""

RETURN = r"""
wanted:
  description: The option of that name, unchanged.
  returned: unless C(question) cannot be read
  type: dict
seen:
  description:
    - The fields of C(Seen) in module_utils/observation. C(nodes), C(stacks) and C(logs) are left out where a host
      cannot tell them, or was not asked.
  returned: unless C(question) cannot be read
  type: dict
unreadable:
  description: Why C(question) cannot be read.
  returned: when it cannot
  type: str
"""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.flotilla.swarm.plugins.module_utils import (
    daemon_config,
    dpkg,
    host,
    network,
    registry,
    swarm,
)
from ansible_collections.flotilla.swarm.plugins.module_utils.engine import Engine, Item, stored_credentials
from ansible_collections.flotilla.swarm.plugins.module_utils.observation import Seen
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.host import File
from ansible_collections.flotilla.swarm.plugins.module_utils.releases import local_images

CLIENT_CONFIG = "/root/.docker/config.json"
# What each role wants, by role name; and what is asked about the registry. Both are options above.
Wanted = Mapping[str, Mapping[str, Any]]
Asked = Mapping[str, Any]


def observe_files(wanted: Wanted) -> dict[str, File | None]:
    """Describe the files that any role wants; only those with a wanted text are read back as text."""
    paths = {path: entry for role in wanted.values() for path, entry in role.get("files", {}).items()}
    return host.files(paths, [path for path, entry in paths.items() if entry.get("text") is not None])


def gather(wanted: Wanted, key: str) -> list[str]:
    """Collect one kind of thing over all roles, each once, in order."""
    return list(dict.fromkeys(name for role in wanted.values() for name in role.get(key, [])))


def observe_registry(seen: Seen, engine: Engine, info: Item | None, params: Mapping[str, Any]) -> Seen:
    """Try accounts and logins, ask for digests and list what is here: through the engine where there is one.

    :param info: the engine's answer to ``GET /info``, ``None`` where no engine answers
    """
    asked, server = params["registry"], params["registry"]["server"]
    stored = stored_credentials(host.read_text(CLIENT_CONFIG) or "", server)
    desired = {purpose: registry.decode(auth) for purpose, auth in params["accounts"].items()}
    trusts = info and engine.trusts(info, server, asked.get("ca", ""), asked.get("insecure", False))
    answers = {purpose: try_account(engine if trusts else None, asked, account) for purpose, account in desired.items()}
    if not info:
        return replace(seen, accounts=answers)
    login = "no login is stored"
    if stored:
        other = "pull" in desired and stored != desired["pull"]
        login = "another login is stored" if other else engine.check_login(server, stored)
    auth = dict(stored, serveraddress=server) if stored else None
    return replace(
        seen,
        accounts=answers,
        credentials=bool(stored),
        login=login,
        images={reference: None if login else engine.image_digest(reference, auth) for reference in seen.images},
        local_images=local_images(engine, asked.get("url", server), params["stacks"]),
    )


def try_account(engine: Engine | None, asked: Asked, account: Mapping[str, str]) -> str:
    """Let the engine log in, or log in without one; see ``registry_client.probe``."""
    if engine:
        return engine.check_login(asked["server"], account)
    trust = asked.get("ca", ""), asked.get("insecure", False)
    return str(registry.registry_client().probe(asked["server"], account, *trust, asked.get("proxies")))


def served_account(own: Asked | None) -> dict[str, str] | None:
    """Read the account of the registry that this host serves; ``None`` where it has no password yet."""
    password = (host.read_text(own["password_file"]) or "").strip() if own else ""
    return {"username": own["username"], "password": password} if own and password else None


def try_served_account(server: str, own: Asked, login: str) -> str:
    """Try the account of the registry that this host serves.

    :param login: what became of the login that the engine stores; where that is the same account, it has been tried
    """
    account, ca = served_account(own), host.read_text(own["ca_file"])
    if not account or not ca:
        return "nothing is served yet"
    if not login and account == stored_credentials(host.read_text(CLIENT_CONFIG) or "", server):
        return ""
    return str(registry.registry_client().probe(server, account, ca))


def fingerprint_login(engine: Engine, asked: Asked, accounts: Mapping[str, str]) -> str:
    """Make the login recognisable that this manager should give to services, or as far as it knows does give."""
    login = registry.decode(accounts["pull"]) if "pull" in accounts else served_account(asked.get("own"))
    login = login or stored_credentials(host.read_text(CLIENT_CONFIG) or "", asked["server"])
    # All managers know the token by which others would join, and nobody else does.
    return registry.fingerprint(engine.get("/swarm")["JoinTokens"]["Manager"], asked["server"], login) if login else ""


def run(command: list[str]) -> tuple[int, str, str]:
    """Run a command that only reads.

    :return: exit code, output and errors, as ``AnsibleModule.run_command`` does; that one takes longer than the command
    """
    done = subprocess.run(
        command, env={**os.environ, "LC_ALL": "C"}, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def observe_host(engine: Engine, info: Item | None, params: Mapping[str, Any], validate: daemon_config.Run) -> Seen:
    """Read everything but what the registry and the pages answer.

    :param validate: runs dockerd, to ask it about its settings
    """
    wanted = params["wanted"]
    files, services = observe_files(wanted), host.services(run, gather(wanted, "services"))
    packages = dpkg.packages(gather(wanted, "packages"))
    own = swarm.observe(engine, info, params["stacks"], params["logs"])
    return Seen(
        system=host.system(run),
        packages=packages.packages,
        held=packages.held,
        interrupted=packages.interrupted,
        unfinished=packages.unfinished,
        daemon_config=daemon_config.refusal(validate, wanted, files, services),
        files=files,
        services=services,
        modules=host.kernel_modules(gather(wanted, "modules")),
        ports=network.listeners(gather(wanted, "ports")),
        networks=network.networks(),
        firewall=network.firewall(run),
        reach={} if own.swarm.is_member else network.reach(params["reach"]),
        engine=own.engine,
        swarm=own.swarm,
        volumes=own.volumes,
        lock=own.lock,
        credentials=False,
        login="no engine",
        login_fingerprint="",
        accounts={},
        server_account="",
        registry_way=None,
        images=dict.fromkeys(params["references"]),
        local_images=(),
        pages=dict.fromkeys(params["pages"], "no engine"),
        nodes=own.nodes,
        stacks=own.stacks,
        logs=own.logs,
    )


def observe_registry_server(seen: Seen, engine: Engine, params: Mapping[str, Any]) -> Seen:
    """Ask about a registry that a host of the inventory serves, and about the login that services should get."""
    asked = params["registry"]
    if asked.get("served"):
        way = registry.find_way(asked["server"], asked.get("proxies"), answers=bool(seen.login))
        seen = replace(seen, registry_way=way)
    if seen.swarm.manager and not seen.swarm.error:
        seen = replace(seen, login_fingerprint=fingerprint_login(engine, asked, params["accounts"]))
    if asked.get("own"):
        seen = replace(seen, server_account=try_served_account(asked["server"], asked["own"], seen.login))
    return seen


def visit(address: str, page: Mapping[str, Any]) -> str:
    """Ask for a page, ``""`` where it answers; see ``host.page``."""
    return host.page(address, int(page["port"]), page["path"], int(page.get("visits", 1)))


def main() -> None:
    """Observe, and tell."""
    module = AnsibleModule(
        argument_spec={
            "question": {"type": "str"},
            "wanted": {"type": "dict", "default": {}},
            "registry": {"type": "dict", "default": {}},
            "accounts": {"type": "dict", "default": {}, "no_log": True},
            "reach": {"type": "list", "elements": "str", "default": []},
            "references": {"type": "list", "elements": "str", "default": []},
            "stacks": {"type": "list", "elements": "str", "default": []},
            "pages": {"type": "dict", "default": {}},
            "logs": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    engine = Engine()
    info = swarm.ask(engine)
    seen = observe_host(engine, info, module.params, module.run_command)
    if module.params["registry"].get("server"):
        seen = observe_registry(seen, engine, info, module.params)
        seen = observe_registry_server(seen, engine, module.params)
    if seen.swarm.is_member:
        pages = {name: visit(seen.swarm.address, page) for name, page in module.params["pages"].items()}
        seen = replace(seen, pages=pages)
    module.exit_json(changed=False, seen=seen.as_dict())


if __name__ == "__main__":
    main()
