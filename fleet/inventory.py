"""The Ansible inventory of a fleet, and the ssh options that reach its hosts.

hosts.yml is for people: groups and addresses. How to connect lies apart, in group_vars.

Each fleet keeps its inventory in its own folder. The demo's is linked into the checkout as well, beside the inventory
for hosts of one's own, so that a newcomer finds it and every example of the documentation is the same edit in both.
"""

import hashlib
import json
import re
import shlex
from pathlib import Path

from . import network, settings
from .errors import FleetError

USER = "admin"
# Name of the link in the checkout. Plain `ansible-playbook site.yml` reads inventory/, not this one.
LINK = "inventory-demo"
HOSTS_HEADER = """\
---
# The hosts of this fleet. Yours to edit: the fleet never writes over a change of yours.
# Settings go into files beside group_vars/all/connection.yml, such as group_vars/all/stacks.yml.
"""
HOSTS_FOOTER = """\
# Hosts to take out of the swarm: move their lines here, and run site.yml.
# retire:
#   hosts:
"""
CONNECTION_HEADER = """\
---
# How Ansible reaches the hosts of this fleet. The fleet writes this file; edit hosts.yml instead.
"""


def hosts_text(addresses: dict[str, str]) -> str:
    """Return the content of hosts.yml.

    :param addresses: IPv4 address by host name, such as ``{"manager-1": "10.77.0.11"}``
    """
    lines = ["swarm:", "  children:"]
    for group, kind in (("managers", "manager-"), ("workers", "worker-")):
        members = {host: addresses[host] for host in addresses if host.startswith(kind)}
        lines += [f"    {group}:", "      hosts:" if members else "      hosts: {}"]
        lines += [f"        {host_line(host, address)}" for host, address in members.items()]
    lines += ["registry:", "  hosts:", "    manager-1:"]
    return HOSTS_HEADER + "\n".join(lines) + "\n" + HOSTS_FOOTER


def link(path: Path, target: Path) -> None:
    """Make a link to an inventory, in place of one that leads elsewhere.

    :raise FleetError: there is something else at its place
    """
    if path.exists() and not path.is_symlink():
        raise FleetError(f"{path} is in the way of the link to the demo's inventory; run: mv {path} {path}.old")
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def unlink(path: Path, target: Path) -> None:
    """Remove a link to an inventory; one that leads elsewhere stays."""
    if path.is_symlink() and path.readlink() == target:
        path.unlink()


def private_key_of(fleet: Path) -> Path:
    """Return the private ssh key that opens the hosts of the fleet in a folder."""
    return fleet / "ssh" / "id_ed25519"


def known_hosts_of(fleet: Path) -> Path:
    """Return the file with the host keys of the fleet in a folder."""
    return fleet / "ssh" / "known_hosts"


def connection_text(fleet: Path, namespace: Path) -> str:
    """Return the content of group_vars/all/connection.yml for the fleet in a folder."""
    variables = {
        "ansible_user": USER,
        "ansible_ssh_private_key_file": str(private_key_of(fleet)),
        "ansible_ssh_common_args": shlex.join(ssh_options(fleet, namespace)),
        # Fleets may have the same addresses: each keeps its open connections apart.
        "ansible_control_path_dir": str(fleet / "ssh" / "open"),
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    # A JSON string is a YAML string.
    lines = [f"{name}: {json.dumps(value)}" for name, value in variables.items()]
    return CONNECTION_HEADER + "\n".join(lines) + "\n"


def ssh_options(fleet: Path, namespace: Path) -> list[str]:
    """Return the ssh options that reach the hosts from outside their namespace."""
    proxy = " ".join([*network.inside(namespace), "nc", "%h", "%p"])
    return [
        *("-o", f"ProxyCommand={proxy}"),
        *("-o", f"UserKnownHostsFile={known_hosts_of(fleet)}"),
        *("-o", "GlobalKnownHostsFile=/dev/null"),
        *("-o", "StrictHostKeyChecking=yes"),
        *("-o", "IdentitiesOnly=yes"),
        *("-o", "ServerAliveInterval=15"),
    ]


def known_hosts_text(keys: dict[str, str]) -> str:
    """Return the content of a known_hosts file.

    :param keys: content of the public host key file by address
    """
    # A key file says TYPE KEY COMMENT; the comment does not belong here.
    return "".join(f"{address} {' '.join(key.split()[:2])}\n" for address, key in keys.items())


def digest(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def write_hosts(path: Path, text: str, last_written: str | None) -> str | None:
    """Write hosts.yml unless a person edited it since it was last written.

    :param last_written: digest of what was last written; None if nothing was
    :return: digest of what is now written; None if the file was left alone because it was edited
    """
    if path.exists() and digest(path.read_text()) not in (last_written, digest(text)):
        return None
    settings.write_atomically(path, text)
    return digest(text)


def missing_lines(text: str, addresses: dict[str, str]) -> list[str]:
    """Return the line of each host whose address a hosts.yml does not mention."""
    mentioned = set(re.findall(r"[0-9.]+", text))
    return [host_line(h, address) for h, address in addresses.items() if address not in mentioned]


def host_line(host: str, address: str) -> str:
    """Return the line of a host in hosts.yml."""
    return f"{host}: {{ansible_host: {address}}}"
