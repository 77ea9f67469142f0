"""Check what a user said about the registry, and say what an answer of it means.

Answers are the words of an engine (Go) or of ``module_utils/registry.py`` (Python); both are sorted by the same table.
"""

from __future__ import annotations

import re

# What a message means; the first match counts, as Go's words for a failed lookup end in those of the name server.
KINDS = (
    ("name", r"lookup |no such host|name or service not known|name resolution|no address associated"),
    ("refused", r"connection refused"),
    ("plain", r"http response to https client|wrong.version.number|record layer failure|packet length too long"),
    ("certificate_name", r"certificate is (not )?valid for|any ip sans|hostname mismatch|ip address mismatch"),
    ("certificate", r"x509|certificate verify failed|tls: "),
    ("credentials", r"\b40[13]\b|unauthorized|denied|incorrect username or password"),
    ("silent", r"timed out|timeout|deadline exceeded|no route to host|unreachable"),
)
# Where these are set.
PLACE = "in inventory/group_vars/all/"
# By kind: what was found, what is wanted, where to mend it.
SENTENCES = {
    "name": "the name {host} of the registry is unknown there; wanted is a name that the hosts can resolve; mend "
    "registry_url {place}, or the hosts' name server",
    "refused": "nothing listens at {server}, the connection was refused; wanted is a registry there; start it, or mend "
    "registry_url {place}",
    "plain": "{server} speaks HTTP without TLS; wanted is TLS; give it a certificate, or allow it with "
    "registry_insecure: true {place}",
    "certificate_name": "the certificate of {server} is for another name; wanted is one for {host}; mend the "
    "certificate, or registry_url {place}",
    "certificate": "the certificate of {server} is not trusted; wanted is the CA that signed it; mend "
    "registry_ca_certificate {place}",
    "credentials": "{server} refuses account {user}; wanted is a name and a password that it accepts; mend {names} "
    "{place}",
    "silent": "{server} does not answer; wanted is a registry that the hosts reach; open its port for them, or mend "
    "registry_url {place}",
    "other": "{server} does not take account {user}; wanted is a login that succeeds; see registry_url and {names} "
    "{place}",
}
# The variables of each account.
NAMES = {
    "pull": "registry_pull_username and registry_pull_password",
    "push": "registry_username and registry_password",
}
# The certificate of the registry that flotilla serves, on its host.
CERTIFICATE = "/etc/docker/registry/server.crt"
URL = re.compile(r"(?P<host>[a-zA-Z0-9][a-zA-Z0-9.-]*)(?P<port>:\d+)?(?P<prefix>(/[a-z0-9]+([._-]+[a-z0-9]+)*)*)")


def classify(message):
    """Say which kind of trouble a message tells of: a key of ``SENTENCES``."""
    return next((kind for kind, pattern in KINDS if re.search(pattern, message, re.IGNORECASE)), "other")


def check(site):
    """Check the settings of the registry.

    :param site: ``preflight_site``; of it ``registry_url``, ``registry_host`` and ``registry``, see there
    :return: list of problems
    """
    url, own, given = site["registry_url"], site["registry_host"], site["registry"]
    if not url:
        return ["registry_url is empty and no host is in group registry, wanted is one of both"]
    problems = [*_check_url(url, own)]
    if own:
        return problems
    if not given["passwords"]["push"]:
        problems.append(
            f"registry_password is empty, wanted is that of account {given['accounts']['push']} at {url}; set it "
            f"{PLACE}, encrypted with ansible-vault"
        )
    if bool(given["passwords"]["pull"]) != (given["accounts"]["pull"] != given["accounts"]["push"]):
        problems.append(
            "of registry_pull_username and registry_pull_password one is missing (or the name is registry_username), "
            f"wanted are both or none; mend them {PLACE}"
        )
    if given["ca"] and "-----BEGIN CERTIFICATE-----" not in given["ca"]:
        problems.append(
            "registry_ca_certificate holds no PEM text, wanted is -----BEGIN CERTIFICATE-----...; a file is read by "
            "\"{{ lookup('ansible.builtin.file', 'ca.pem') }}\""
        )
    return problems


def _check_url(url, own):
    match = URL.fullmatch(url)
    # Docker takes a first part without dot and port for a name on Docker Hub.
    if not match or not (match["port"] or "." in match["host"] or match["host"] == "localhost"):
        yield f"registry_url is {url}, wanted is host:port, host.domain, or either with /prefix; mend it {PLACE}"
    elif match["port"] and not 0 < int(match["port"][1:]) < 65536:
        yield f"registry_url has port {match['port'][1:]}, wanted is one of 1 to 65535; mend it {PLACE}"
    elif own and not match["port"]:
        yield f"registry_url is {url}, wanted is host:port where flotilla serves the registry; mend it {PLACE}"
    elif match["host"] in ("docker.io", "index.docker.io", "registry-1.docker.io"):
        yield f"registry_url is {url}, wanted is a private registry, not Docker Hub itself; mend it {PLACE}"


def find_astray(site, members, server):
    """Find the hosts that ``registry_url`` does not lead to the registry that flotilla serves.

    It must lead to an address of the registry's host. Once the registry serves, any way to it will do: a host that has
    logged in there, or is shown the registry's certificate there, has found one.

    :param site: ``preflight_site``
    :param members: dict of inventory name to ``seen``
    :param server: ``seen`` of the registry's host
    :return: dict of inventory name to what was found there
    """
    certificate = server["files"].get(CERTIFICATE)
    astray = {}
    for name, seen in members.items():
        way = seen["registry_way"]
        # Through a proxy nothing can be told.
        if not way:
            continue
        if certificate and (seen["credentials"] or way["certificate"] == certificate["sha256"]):
            continue
        own = name == site["registry_host"]
        if way["error"]:
            astray[name] = f"whose name is unknown there ({way['error']})"
        elif not any(_leads(address, server, own) for address in way["addresses"]):
            astray[name] = f"which leads to {', '.join(way['addresses'])} there"
    return astray


def _leads(address, server, own):
    """Tell whether an address is the registry's host; its own name may lead that to its loopback."""
    return address in server["system"]["addresses"] or (own and address.startswith("127."))


def astray_problems(site, astray, members, server):
    """Say where ``registry_url`` does not lead to the registry that flotilla serves; see ``find_astray``.

    :return: list of problems, the same problem of several hosts once
    """
    found = {}
    for name, text in astray.items():
        found.setdefault(text, []).append(name)
    host = site["registry_host"]
    return [
        f"{_who(names, members)}: registry_url is {site['registry_url']}, {text}; wanted is a name or an address of "
        f"{host}, which serves the registry and has {', '.join(server['system']['addresses']) or 'none'}; mend "
        f"registry_url {PLACE}, or, where it is unset, swarm_advertise_addr of {host}"
        for text, names in found.items()
    ]


def _who(names, members):
    return f"all {len(names)} hosts" if len(names) == len(members) > 1 else ", ".join(names)


def account_problems(site, members):
    """Say why an external registry does not take the accounts that it must take.

    :param site: ``preflight_site``
    :param members: dict of inventory name to ``seen``
    :return: list of problems, the same problem of several hosts once
    """
    found = {}
    for name, seen in members.items():
        for purpose, message in seen["accounts"].items():
            kind = classify(message) if message else ""
            # One account or both: who cannot be reached is told once.
            about = purpose if kind in ("credentials", "other") else ""
            if kind:
                found.setdefault((kind, about), (purpose, message, []))[2].append(name)
    problems = []
    for (kind, _about), (purpose, message, names) in found.items():
        names = list(dict.fromkeys(names))
        server = site["registry_url"].split("/")[0]
        shared = site["registry"]["accounts"]["pull"] == site["registry"]["accounts"]["push"]
        text = SENTENCES[kind].format(
            server=server,
            host=server.split(":")[0],
            user=site["registry"]["accounts"][purpose],
            names=NAMES["push" if shared else purpose],
            place=PLACE,
        )
        problems.append(f"{_who(names, members)}: {text} (the answer was: {message})")
    return problems


def is_renewed(site, host):
    """Tell whether the account of flotilla's own registry gets another password in this run.

    :param site: ``preflight_site``
    :param host: observation of the registry's host
    """
    seen, files = host["seen"], host["wanted"].get("registry_server", {}).get("files", {})
    # What is not served yet has no old password.
    served = site["scope"] == "site" and any(seen["files"][path] for path in files)
    lost = any(path.endswith("/registry_password") and seen["files"][path] is None for path in files)
    return served and (lost or classify(seen["server_account"]) == "credentials")


def is_renamed(seen):
    """Tell whether this host serves the registry with a certificate for another name than ``registry_url`` has.

    :param seen: ``seen`` of a host
    """
    return classify(seen["server_account"]) == "certificate_name"


def is_new_to_services(site, manager, renewed):
    """Tell whether the services pull with another login of the registry than they should.

    Swarm does not tell which one they have: the record of the stack holds its fingerprint. Hosts log in by ``site.yml``
    alone, so the other playbooks have no new login to give.

    :param site: ``preflight_site``
    :param manager: ``seen`` of the manager that describes the stack, ``{}`` before there is a swarm
    :param renewed: see ``is_renewed``
    """
    running = manager.get("stack") or {}
    if site["scope"] != "site" or not running.get("record"):
        return False
    # A manager that a run was killed before is logged in only now, and cannot know the new login yet.
    refused = classify(manager["login"]) == "credentials"
    return renewed or refused or running["login"] != manager["login_fingerprint"]
