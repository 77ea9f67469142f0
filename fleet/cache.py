"""The package cache through which the hosts of all fleets reach the mirror.

One private apt-cacher-ng serves all fleets. It listens on 127.0.0.1 only, passes on the Debian
archive and nothing else, and keeps its files when fleets go.
"""

import random
import signal
import socket
import time
from pathlib import Path

from . import image, process, settings
from .errors import FleetError

PART = "apt-cacher-ng"
PORT = 3142  # where hosts find it on their gateway
# apt-cacher-ng reads its port as a signed 16-bit number.
OWN_PORTS = range(20000, 32768)
CONFIGURATION = """\
CacheDir: {folder}/packages
LogDir: {folder}/log
SocketPath: {folder}/socket
BindAddress: 127.0.0.1
Port: {port}
ForeGround: 1
# Nothing but what the two lines below name can be fetched.
ForceManaged: 1
Remap-debian: deb.debian.org/debian ; file:backends_debian
Remap-security: deb.debian.org/debian-security ; file:backends_security
"""


def folder() -> Path:
    """Return the folder of the cache."""
    return settings.home() / "cache"


def targets() -> Path:
    """Return the file that holds the address of the running cache, for the forwarders."""
    return folder() / "targets"


def ensure() -> None:
    """Start the cache unless it runs. Call it with the lock "fleets" held.

    :raise FleetError: it does not start
    """
    if process.find(process.works_for(folder(), PART)):
        return
    port = free_port()
    for name in ("configuration", "packages", "log"):
        (folder() / name).mkdir(parents=True, exist_ok=True)
    configuration = folder() / "configuration"
    (configuration / "acng.conf").write_text(CONFIGURATION.format(folder=folder(), port=port))
    for name, url in image.mirrors().items():
        (configuration / f"backends_{name}").write_text(url + "\n")
    # Written before the start: the file is right whenever the cache runs.
    settings.write_atomically(targets(), f"127.0.0.1:{port}\n")
    log = folder() / "log" / "output.log"
    process.start(["apt-cacher-ng", "-c", configuration], folder(), PART, log)
    deadline = time.monotonic() + 10
    while not can_connect(port):
        if time.monotonic() > deadline:
            stop()
            raise FleetError(f"the package cache does not start; read: {log}")
        time.sleep(0.1)


def stop() -> None:
    """End the cache if it runs, gently so that it finishes its files."""
    process.end(process.works_for(folder(), PART), signal.SIGTERM)


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listens."""
    while can_connect(port := random.choice(OWN_PORTS)):
        pass
    return port


def can_connect(port: int) -> bool:
    """Tell whether something listens on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
