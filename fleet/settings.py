"""Folders, names and locks."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import FleetError

DEFAULT_HOME = "/var/lib/flotilla-fleet"
# The fleet that the commands mean when none is named, and that `make demo` boots.
DEMO = "demo"
CHECKOUT = Path(__file__).resolve().parents[1]
NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,23}")
# The kernel takes the disks' paths from its command line, where "," and ":" separate them.
PATH_PATTERN = re.compile(r"[A-Za-z0-9/._+-]+")
# A guest's control socket lies below the home folder, and a socket's path has at most 107 bytes.
LONGEST_HOME = 40


def home() -> Path:
    """Return the machine-wide state folder, which FLOTILLA_FLEET_HOME overrides.

    :raise FleetError: the path is too long or cannot stand in a guest's command line
    """
    folder = Path(os.environ.get("FLOTILLA_FLEET_HOME", DEFAULT_HOME)).absolute()
    if not PATH_PATTERN.fullmatch(str(folder)) or len(str(folder)) > LONGEST_HOME:
        raise FleetError(
            f"the state folder {folder} cannot hold fleets: expected at most {LONGEST_HOME} "
            f"letters, digits and '/._+-'; run: export FLOTILLA_FLEET_HOME={DEFAULT_HOME}"
        )
    return folder


def check_name(name: str) -> str:
    """Return the name of a fleet or snapshot if it may be one.

    :raise FleetError: it may not
    """
    if not NAME_PATTERN.fullmatch(name):
        raise FleetError(
            f"'{name}' is no name for a fleet or snapshot: expected 1 to 24 lower-case letters, "
            "digits and '-', such as --name demo"
        )
    return name


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold a lock below the state folder, waiting until another command lets go of it.

    The kernel drops the lock with the process that holds it, however that ends.

    :param name: what the lock guards, such as "images" or "fleet-demo"
    """
    folder = home() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / name, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Waiting for another command that works on {name}", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that a reader, or a killed command, never leaves half of it."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text)
    temporary.rename(path)
