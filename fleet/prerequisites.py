"""What this machine must have, with the command that fixes it.

Imports nothing outside the standard library: `python -m fleet prerequisites` runs before anything
is installed.
"""

import os
import platform
import shutil
import sys
from pathlib import Path

from .errors import FleetError

# The two lists of the Debian packages that the fleet needs: commands, and who brings them ...
COMMANDS = {
    "apt-cacher-ng": "apt-cacher-ng",
    "gcc": "gcc",
    "ip": "iproute2",
    "linux.uml": "user-mode-linux",
    "mke2fs": "e2fsprogs",
    "mmdebstrap": "mmdebstrap",
    "nc": "netcat-openbsd",
    "nsenter": "util-linux",
    "ssh": "openssh-client",
}
# ... and files.
FILES = {
    Path("/usr/include/elf.h"): "libc6-dev",
}
# Most systems keep some of these commands only on root's PATH.
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
LEAST_PYTHON = (3, 12)  # the first with os.setns
MEMORY_RESERVE = 512  # MiB that stay free for the machine itself
LEAST_MEMORY = 512  # MiB with which a host runs the engine
DISK_FOR_IMAGE = 2048  # MiB while the base image is made
DISK_PER_HOST = 2048  # MiB: what a host with the engine, the registry and images writes
SHM = Path("/dev/shm")
TUN = Path("/dev/net/tun")


def packages() -> list[str]:
    """Return the names of the Debian packages that the fleet needs, sorted."""
    return sorted({*COMMANDS.values(), *FILES.values()})


def check_machine() -> None:
    """Check the machine itself and its packages.

    :raise FleetError: the first thing that is missing
    """
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise FleetError(
            f"this machine is {sys.platform} on {platform.machine()}: expected Linux on x86_64, "
            "for which User-Mode Linux is made; run the fleet on such a machine"
        )
    if sys.version_info < LEAST_PYTHON:
        raise FleetError(
            f"this is Python {platform.python_version()}: expected {'.'.join(map(str, LEAST_PYTHON))} or newer, which "
            "can enter a network namespace; run: /usr/bin/python3 -m fleet ..."
        )
    if os.geteuid() != 0:
        raise FleetError(
            f"this is user {os.geteuid()}: expected root, to make network interfaces; "
            'run: sudo env PATH="$PATH" python -m fleet ...'
        )
    if not TUN.exists():
        raise FleetError(
            f"{TUN} is missing, through which hosts reach their network; run: "
            f"modprobe tun; mkdir -p {TUN.parent} && mknod {TUN} c 10 200"
        )
    missing = sorted(
        {package for command, package in COMMANDS.items() if not shutil.which(command, path=SEARCH_PATH)}
        | {package for file, package in FILES.items() if not file.exists()}
    )
    if missing:
        raise FleetError(
            f"{len(missing)} packages are missing; run: apt-get install -y --no-install-recommends {' '.join(missing)}"
        )


def check_room(booting: int, new: int, memory: int, folder: Path, with_image: bool) -> None:
    """Check that more hosts fit on the machine.

    :param booting: how many hosts boot
    :param new: how many of them get a new disk
    :param memory: MiB of each
    :param folder: where their disks go
    :param with_image: whether the base image is still to be made
    :raise FleetError: they do not fit
    """
    if booting:
        check_memory(booting, memory)
    need = new * DISK_PER_HOST + with_image * DISK_FOR_IMAGE
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free // 2**20
    if need > free:
        raise FleetError(
            f"{new} more hosts need about {need} MiB of disk, {folder} has {free} MiB free; "
            "make room or run: export FLOTILLA_FLEET_HOME=/a/larger/disk"
        )


def check_memory(hosts: int, memory: int) -> None:
    """Check that there is memory for hosts that boot.

    :param memory: MiB of each
    :raise FleetError: there is not
    """
    if memory < LEAST_MEMORY:
        raise FleetError(f"hosts of {memory} MiB are too small: expected at least --memory {LEAST_MEMORY}")
    need = hosts * memory
    available = max(available_memory() - MEMORY_RESERVE, 0)
    if need > available:
        # In steps of 128 MiB, because nobody remembers 1337.
        fitting = available // hosts // 128 * 128
        remedy = f"with --memory {fitting}" if fitting >= LEAST_MEMORY else "for fewer hosts"
        raise FleetError(
            f"{hosts} more hosts of {memory} MiB need {need} MiB of memory, {available} MiB can be "
            f"had; run again {remedy}, or first: python -m fleet down --name OTHER"
        )
    shared = shutil.disk_usage(SHM).free // 2**20
    if need > shared:
        raise FleetError(
            f"{hosts} more hosts of {memory} MiB keep {need} MiB in {SHM}, which has {shared} MiB "
            f"free; run: mount -o remount,size={need + MEMORY_RESERVE}M {SHM}"
        )


def available_memory() -> int:
    """Return the MiB of memory that new processes can have without swapping."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    raise FleetError("/proc/meminfo has no MemAvailable: expected Linux 3.14 or newer")
