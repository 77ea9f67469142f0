"""Read what the engine has made in the kernel for the routing mesh and for service addresses.

The engine makes it once and does not check it again: flushed rules, a lost bridge or lost load balancers stay lost
until its next start, while it goes on to call its node ready.
"""

from __future__ import annotations

import ctypes
import glob
import os
import re
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from .host import read_text
from .observation.network import Mesh

# Of every member of a swarm, the way from its own network to the tasks' (moby, libnetwork).
BRIDGE = "docker_gwbridge"
INGRESS_CHAIN = "DOCKER-INGRESS"
# Network namespaces with the load balancers of the routing mesh, and of the service addresses of each overlay network.
NAMESPACES = "/run/docker/netns"
INGRESS = "ingress_sbox"
OVERLAY = "lb_"
# Of setns(2), from linux/sched.h: the namespace is one of networks.
CLONE_NEWNET = 0x40000000
# The engine's name for an overlay network's device (moby, libnetwork), and seconds that it needs at most to move one
# into the network's namespace. One that stays among the host's own was left by an engine that was killed just then; the
# kernel has one for each network alone, so every task of that network is rejected: "error creating vxlan interface:
# file exists".
DEVICES = "/sys/class/net"
VXLAN = re.compile(r"vx-[0-9a-f]{6}-\w{1,5}")
MOVED_WITHIN = 1


def observe(saved: str | None) -> Mesh:
    """Describe the mesh as this host's kernel has it.

    :param saved: all rules, as ``iptables-save`` prints them; ``None`` where it does not
    """
    return Mesh(
        forwards=(read_text("/proc/sys/net/ipv4/ip_forward") or "1").strip() == "1",
        bridge=os.path.isdir(f"{DEVICES}/{BRIDGE}"),
        ports=None if saved is None else served_ports(saved),
        backends={
            os.path.basename(path): _backends(path)
            for path in (f"{NAMESPACES}/{INGRESS}", *sorted(glob.glob(f"{NAMESPACES}/{OVERLAY}*")))
            if os.path.exists(path)
        },
        strays=_strays(),
    )


def _strays() -> tuple[str, ...]:
    found = _overlay_devices()
    if found:
        time.sleep(MOVED_WITHIN)
        found &= _overlay_devices()
    return tuple(sorted(found))


def _overlay_devices() -> set[str]:
    return {name for name in os.listdir(DEVICES) if VXLAN.fullmatch(name)}


def namespace(network: str, *, is_ingress: bool) -> str:
    """Name the namespace with the load balancers of an overlay network.

    :param network: its ID
    """
    return INGRESS if is_ingress else f"{OVERLAY}{network[:9]}"


def served_ports(saved: str) -> tuple[int, ...]:
    """Find the TCP ports that rules lead to the routing mesh and let through to it.

    :param saved: all rules, as ``iptables-save`` prints them
    """
    tables: dict[str, list[Sequence[str]]] = {}
    rules: list[Sequence[str]] = []
    for line in saved.splitlines():
        if line.startswith("*"):
            rules = tables.setdefault(line[1:], [])
        elif line.startswith("-A "):
            rules.append(line.split())
    led = _ports(tables.get("nat", []), "PREROUTING", "DNAT")
    return tuple(sorted(led & _ports(tables.get("filter", []), "FORWARD", "ACCEPT")))


def _ports(rules: Sequence[Sequence[str]], start: str, target: str) -> set[int]:
    """Collect the ports of the mesh's chain, none where packets do not come to it.

    :param start: the chain that packets come in by
    :param target: what a rule does with those that are meant
    """
    reached = {start}
    # A chain leads to others, which may stand before or behind it.
    for _ in rules:
        more = {_after(rule, "-j") for rule in rules if rule[1] in reached} - reached
        if not more:
            break
        reached |= more
    own = [rule for rule in rules if rule[1] == INGRESS_CHAIN and INGRESS_CHAIN in reached]
    return {int(_after(rule, "--dport")) for rule in own if _after(rule, "-j") == target and "--dport" in rule}


def _after(rule: Sequence[str], option: str) -> str:
    return rule[rule.index(option) + 1] if option in rule else ""


def _backends(path: str) -> tuple[str, ...] | None:
    # A thread, which stays in that network and ends there: a process for each takes a test host some 20 ms.
    with ThreadPoolExecutor(1) as apart:
        table = apart.submit(_read_table, path).result()
    return None if table is None else backends(table)


def _read_table(path: str) -> str | None:
    """Go to a network namespace and read its load balancers; ``None`` where that cannot be done."""
    try:
        with open(path, encoding="utf-8") as namespace:
            entered = ctypes.CDLL(None).setns(namespace.fileno(), CLONE_NEWNET) == 0
    except OSError:
        # The engine may remove a network meanwhile.
        return None
    return read_text("/proc/thread-self/net/ip_vs") if entered else None


def backends(table: str) -> tuple[str, ...]:
    """Read addresses off ``/proc/net/ip_vs``, where a line of one is ``-> 0A00000D:0000 Masq 1 0 2``."""
    words = [line.split()[1] for line in table.splitlines() if line.strip().startswith("-> ")]
    found = {word.partition(":")[0] for word in words}
    return tuple(sorted(socket.inet_ntoa(bytes.fromhex(word)) for word in found if len(word) == 8 and word.isalnum()))
