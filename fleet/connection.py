"""Connect a fleet: its network, the package cache for its hosts, and ports of the machine that lead to them."""

import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from . import cache, forward, network, process, settings
from .state import State

PACKAGES = "packages"  # part of the forwarder from the hosts to the package cache
PUBLISH = "publish"  # part of a forwarder from the machine to the hosts, before "-PORT"


def connect(folder: Path, namespace: Path, state: State, addresses: Sequence[str]) -> None:
    """Make the network, its forwarders and the package cache, or what is missing of them.

    :param folder: the fleet's
    :param addresses: of its hosts
    """
    with settings.locked("fleets"):
        cache.ensure()
    gateway = network.gateway_of(state.index)
    network.ensure(namespace, gateway)
    if not has_part(folder, PACKAGES):
        with network.entered(namespace):
            listener = network.listen(gateway, cache.PORT)
        start_forwarder(folder, PACKAGES, listener, cache.targets(), prefix=[])
    for port in state.published:
        part = f"{PUBLISH}-{port}"
        targets = folder / f"{part}.targets"
        lines = [f"{address}:{port}\n" for address in addresses]
        settings.write_atomically(targets, "".join(lines))
        if not has_part(folder, part):
            listener = network.listen("127.0.0.1", port)
            start_forwarder(folder, part, listener, targets, network.inside(namespace))
            print(f"Published: 127.0.0.1:{port} leads to port {port} of the hosts", flush=True)


def has_part(folder: Path, part: str) -> bool:
    """Tell whether a background process of the fleet runs."""
    return bool(process.find(process.works_for(folder, part)))


def start_forwarder(folder: Path, part: str, listener: socket.socket, targets: Path, prefix: list[str]) -> None:
    """Start a forwarder that takes over a listening socket.

    :param prefix: words that run it in the namespace where the targets are
    """
    with listener:
        number = listener.fileno()
        command: list[str | Path] = [*prefix, sys.executable, forward.__file__, str(number), targets]
        process.start(command, folder, part, folder / f"{part}.log", number)
