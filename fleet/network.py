"""The network of a fleet: a namespace with a bridge, and a tap for each host.

The namespace has no way out. The bridge's own address is the hosts' gateway; it tells them at once
that everything beyond is unreachable, and the package cache listens there.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from . import process
from .errors import FleetError

NAMESPACES = Path("/run/netns")
BRIDGE = "bridge"
PREFIX_LENGTH = 24
MOST_FLEETS = 256
MOST_MANAGERS = 80
MOST_WORKERS = 150


def host_names(count: int, managers: int) -> list[str]:
    """Return the names of a fleet's hosts, managers first.

    :raise FleetError: the numbers make no fleet
    """
    workers = count - managers
    if not 1 <= managers <= MOST_MANAGERS or not 0 <= workers <= MOST_WORKERS:
        raise FleetError(
            f"{managers} managers and {workers} workers make no fleet: expected 1 to "
            f"{MOST_MANAGERS} managers and 0 to {MOST_WORKERS} workers, "
            "such as: python -m fleet up 3 --managers 1"
        )
    names = [f"manager-{number}" for number in range(1, managers + 1)]
    return names + [f"worker-{number}" for number in range(1, workers + 1)]


def namespace_of(fleet: str) -> Path:
    """Return the file that stands for a fleet's network namespace."""
    return NAMESPACES / f"flotilla-{fleet}"


def gateway_of(index: int) -> str:
    """Return the bridge's address in the fleet with this number, 0 to 255."""
    return f"10.77.{index}.1"


def address_of(index: int, host: str) -> str:
    """Return the address of a host such as "manager-1", which never depends on other hosts."""
    kind, _, number = host.partition("-")
    first = {"manager": 10, "worker": 100}[kind]
    return f"10.77.{index}.{first + int(number)}"


def hardware_address_of(address: str) -> str:
    """Return the locally administered MAC address that goes with an IPv4 address."""
    return "02:00:" + ":".join(f"{int(part):02x}" for part in address.split("."))


def ensure(namespace: Path, gateway: str) -> None:
    """Make the namespace and its bridge, or what is missing of them."""
    if not namespace.exists():
        process.run("ip", "netns", "add", namespace.name)
    if BRIDGE not in interfaces(namespace):
        ip(namespace, "link", "add", BRIDGE, "type", "bridge")
    ip(namespace, "link", "set", "lo", "up")
    ip(namespace, "address", "replace", f"{gateway}/{PREFIX_LENGTH}", "dev", BRIDGE)
    ip(namespace, "link", "set", BRIDGE, "up")
    # Forwarding without a route: hosts get an error at once instead of waiting for an answer.
    with entered(namespace):
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    ip(namespace, "route", "replace", "unreachable", "default")


def ensure_tap(namespace: Path, host: str) -> None:
    """Make a host's tap, named like the host, unless it is there."""
    if host not in interfaces(namespace):
        ip(namespace, "tuntap", "add", "dev", host, "mode", "tap")
        ip(namespace, "link", "set", host, "master", BRIDGE, "up")


def remove_tap(namespace: Path, host: str) -> None:
    """Remove a host's tap if it is there."""
    if host in interfaces(namespace):
        ip(namespace, "link", "delete", host)


def plug_in(namespace: Path, host: str) -> None:
    """Plug a host's network cable in."""
    ip(namespace, "link", "set", host, "master", BRIDGE)


def pull_out(namespace: Path, host: str) -> None:
    """Pull a host's network cable out.

    Its tap stays up, off the bridge: a guest that transmits into a tap that is down may never do so again.
    """
    ip(namespace, "link", "set", host, "nomaster")


def is_plugged_in(namespace: Path, host: str) -> bool:
    """Tell whether a host's network cable is plugged in."""
    return host in interfaces(namespace, "master", BRIDGE)


def remove(namespace: Path) -> None:
    """Remove the namespace, with all that is in it, if it is there."""
    if namespace.exists():
        process.run("ip", "netns", "delete", namespace.name)


def interfaces(namespace: Path, *words: str) -> list[str]:
    """Return the names of the network interfaces in a namespace, or of those that words of `ip` choose."""
    lines = ip(namespace, "-brief", "link", "show", *words).splitlines()
    return [line.split()[0].partition("@")[0] for line in lines]


def ip(namespace: Path, *words: str) -> str:
    """Run `ip` in a namespace and return what it printed."""
    return process.run("ip", "-netns", namespace.name, *words)


def inside(namespace: Path) -> list[str]:
    """Return the words that run the command after them in a namespace."""
    return ["nsenter", f"--net={namespace}"]


@contextmanager
def entered(namespace: Path) -> Iterator[None]:
    """Let this thread work in a namespace; a socket made meanwhile stays there."""
    with open("/proc/thread-self/ns/net") as own, open(namespace) as other:
        os.setns(other.fileno(), os.CLONE_NEWNET)
        try:
            yield
        finally:
            os.setns(own.fileno(), os.CLONE_NEWNET)


def listen(address: str, port: int) -> socket.socket:
    """Return a socket that listens.

    :raise FleetError: another process listens there
    """
    try:
        return socket.create_server((address, port), backlog=128)
    except OSError as error:
        raise FleetError(
            f"cannot listen on {address}:{port}: {error.strerror}; "
            "see who does with: ss -ltnp, or choose another --publish PORT"
        ) from error


def answers(namespace: Path, address: str, port: int) -> bool:
    """Tell whether a server in the namespace greets, as ssh servers do, within half a second."""
    with (
        entered(namespace),
        suppress(OSError),
        socket.create_connection((address, port), timeout=0.5) as connection,
    ):
        return connection.recv(1) != b""
    return False
