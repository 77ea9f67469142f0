"""Read how a host stands in its network: who listens on which port, routes, the firewall, which peers it reaches.

Everything here only reads. A peer is reached by opening a connection and closing it again.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import shutil
import socket
import struct
import threading
from collections.abc import Collection, Iterable, Mapping

from .host import ENGINE_DEVICE, Run, read_text
from .observation.network import Firewall, Rule

# States of sockets that wait for peers, in the kernel's tables (include/net/tcp_states.h).
LISTENING = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}
ON_LINK = "00000000"
# What these services of firewalld's own let in.
FIREWALLD_SERVICES = {
    "docker-swarm": ["2377/tcp", "7946/tcp", "7946/udp", "4789/udp"],
    "docker-registry": ["5000/tcp"],
}
ANYWHERE = "0.0.0.0/0"


def listeners(ports: Collection[str]) -> dict[str, str]:
    """Tell which processes hold ports.

    :param ports: such as ``"2377/tcp"``
    :return: those ports that are held to the process's name, ``""`` where it is the kernel itself
    """
    sockets = {}
    for table, state in LISTENING.items():
        for line in (read_text(f"/proc/net/{table}") or "").splitlines()[1:]:
            fields = line.split()
            port = f"{int(fields[1].rsplit(':', 1)[1], 16)}/{table[:3]}"
            if fields[3] == state and port in ports:
                sockets[f"socket:[{fields[9]}]"] = port
    return {**dict.fromkeys(sockets.values(), ""), **(_holders(sockets) if sockets else {})}


def _holders(sockets: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for process in filter(str.isdigit, os.listdir("/proc")):
        for link in _open_files(f"/proc/{process}/fd") & sockets.keys():
            found[sockets[link]] = (read_text(f"/proc/{process}/comm") or "").strip()
    return found


def _open_files(folder: str) -> set[str]:
    """Return what a process's descriptors lead to; a process may end, or close a file, while it is read."""
    links = set()
    with contextlib.suppress(OSError):
        for descriptor in os.listdir(folder):
            with contextlib.suppress(OSError):
                links.add(os.readlink(f"{folder}/{descriptor}"))
    return links


def networks() -> dict[str, str]:
    """Tell which IPv4 networks this host reaches other than by a default route or the engine's own bridges.

    :return: networks such as ``"10.0.0.0/24"`` to the gateway on the way there, ``""`` where the host is
        attached to it
    """
    found: dict[str, str] = {}
    for line in (read_text("/proc/net/route") or "").splitlines()[1:]:
        device, destination, gateway, *_rest, mask = line.split()[:8]
        network = ipaddress.ip_network(f"{_dotted(destination)}/{_dotted(mask)}", strict=False)
        # What leads nowhere (a black hole) has no device. VPNs split the default route into two halves.
        other = device != "*" and not ENGINE_DEVICE.fullmatch(device) and network.prefixlen > 1
        if other and found.get(str(network)) != "":
            found[str(network)] = "" if gateway == ON_LINK else _dotted(gateway)
    return found


def _dotted(word: str) -> str:
    return socket.inet_ntoa(struct.pack("=L", int(word, 16)))


def reach(targets: Iterable[str], timeout: float = 3) -> dict[str, str]:
    """Try to reach peers.

    :param targets: as ``"host:port"``
    :param timeout: seconds for each
    :return: by target ``"open"``, ``"closed"`` (the host answered: nothing listens there) or what went wrong
    """
    found = dict.fromkeys(targets, "")

    def ask(target: str) -> None:
        found[target] = _reach(target, timeout)

    # Side by side: who is kept out by a firewall waits for each to the end.
    asking = [threading.Thread(target=ask, args=(target,)) for target in found]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    return found


def _reach(target: str, timeout: float) -> str:
    name, _, port = target.rpartition(":")
    try:
        socket.create_connection((name, int(port)), timeout).close()
    except ConnectionRefusedError:
        return "closed"
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return "open"


def firewall(run: Run) -> Firewall | None:
    """Describe the firewall that a distribution's tool made, ufw or firewalld; ``None`` when neither is active."""
    if re.search(r"^ENABLED=yes", read_text("/etc/ufw/ufw.conf") or "", re.MULTILINE):
        return _ufw()
    return _firewalld(run) if shutil.which("firewall-cmd", path="/usr/bin:/bin") else None


def _ufw() -> Firewall:
    defaults = read_text("/etc/default/ufw") or ""
    accepts = re.search(r'^DEFAULT_INPUT_POLICY="?ACCEPT', defaults, re.MULTILINE)
    # ufw keeps each rule as: ### tuple ### ACTION PROTOCOL PORTS DESTINATION PORTS SOURCE ... DIRECTION
    tuples = re.findall(r"^### tuple ### (.*)$", read_text("/etc/ufw/user.rules") or "", re.MULTILINE)
    rules = tuple(
        Rule(
            allow=fields[0].startswith(("allow", "limit")),
            protocol=fields[1],
            port=fields[2].replace(":", "-"),
            source=fields[5],
        )
        for fields in map(str.split, tuples)
        if fields[-1].startswith("in") and not fields[0].startswith("route:")
    )
    return Firewall(kind="ufw", incoming="allow" if accepts else "deny", rules=rules)


def _firewalld(run: Run) -> Firewall | None:
    code, zone, _err = run(["firewall-cmd", "--list-all"])
    if code:
        return None
    found = dict(line.strip().split(": ", 1) for line in zone.splitlines() if ": " in line)
    ports = found.get("ports", "").split()
    ports += [port for name in found.get("services", "").split() for port in FIREWALLD_SERVICES.get(name, [])]
    _code, sources, _err = run(["firewall-cmd", "--zone=trusted", "--list-sources"])
    rules = [_allow(port.split("/")[1], port.split("/")[0], ANYWHERE) for port in ports]
    rules += [_allow(protocol, "any", ANYWHERE) for protocol in found.get("protocols", "").split()]
    rules += [_allow("any", "any", source) for source in sources.split()]
    incoming = "allow" if "target: ACCEPT" in zone else "deny"
    return Firewall(kind="firewalld", incoming=incoming, rules=tuple(rules))


def _allow(protocol: str, port: str, source: str) -> Rule:
    return Rule(allow=True, protocol=protocol, port=port, source=source)
