"""Golden disks: the disks of a fleet that was powered off, from which other fleets are booted.

One is a folder named KIND-HASH, HASH being that of everything that made it: whoever asks for the present hash never
gets a stale one. It holds what a fleet's folder holds, but for the network, the processes and the connection to it.
"""

import hashlib
import json
import shutil
import time
from pathlib import Path

from . import folders, image, process, settings
from . import state as states
from .errors import FleetError
from .host import LASTING_FILES
from .state import State

LOCK = "golden"
# Certificates of a swarm's nodes run out, and so do the lists of packages that hosts keep.
LONGEST_LIFE = 14 * 24 * 3600  # seconds


def name_of(kind: str, ingredients: object) -> str:
    """Return the name of the golden disk that is made in one way, such as "serving-0123456789ab".

    :param kind: what it is for; of each kind the last one that was kept stays
    :param ingredients: everything that decides what is on it, as JSON data
    """
    text = json.dumps(ingredients, sort_keys=True)
    return settings.check_name(f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:12]}")


def golden_folder() -> Path:
    """Return the folder that has a folder for each golden disk."""
    return settings.home() / "golden"


def load(name: str) -> State:
    """Return the state of the fleet that a golden disk was made from.

    :raise FleetError: there is none of this name that can still be used
    """
    state = states.load(golden_folder() / settings.check_name(name))
    if state and image.folder_of(state.image).exists() and not is_old(name):
        return state
    have = ", ".join(path.name for path in sorted(golden_folder().glob("*-*"))) or "none"
    raise FleetError(
        f"there is no golden disk {name} to boot from, there are: {have}; "
        f"run, with a fleet: python -m fleet save --name FLEET {name}"
    )


def exists(name: str) -> bool:
    """Tell whether there is a golden disk of this name that can be used."""
    try:
        load(name)
    except FleetError:
        return False
    return True


def is_old(name: str) -> bool:
    """Tell whether a golden disk is too old to be used."""
    return time.time() - (golden_folder() / name).stat().st_mtime > LONGEST_LIFE


def keep(name: str, fleet: Path, state: State) -> None:
    """Copy the folder of a fleet whose hosts are off, and drop the older golden disks of this kind."""
    with settings.locked(LOCK):
        target = golden_folder() / name
        temporary = golden_folder() / f"{name}.new"
        folders.remove(temporary)
        copy_fleet(fleet, temporary, state)
        # A copy has the times of what it was copied from.
        temporary.touch()
        kind, _, _hash = name.rpartition("-")
        for older in golden_folder().glob(f"{kind}-*"):
            if older != temporary and older.name.removesuffix(".new").rpartition("-")[0] == kind:
                shutil.rmtree(older)
        temporary.rename(target)


def take(name: str, fleet: Path) -> State:
    """Make the folder of a new fleet from a golden disk, and return its state, which is not complete yet.

    :raise FleetError: there is no such golden disk
    """
    with settings.locked(LOCK):
        state = load(name)
        state.complete = False
        state.published = []
        fleet.mkdir(parents=True)
        states.save(fleet, state)
        copy_fleet(golden_folder() / name, fleet, state)
    return state


def copy_fleet(source: Path, target: Path, state: State) -> None:
    """Copy what lasts of a fleet: hosts' disks and keys, the user's key, the inventory and the state."""
    target.mkdir(parents=True, exist_ok=True)
    for host in state.hosts:
        copy_disk(source / "hosts" / host, target / "hosts" / host)
    for folder in ("ssh", "inventory"):
        # Sockets of open connections stay behind.
        shutil.copytree(source / folder, target / folder, ignore=shutil.ignore_patterns("open"))
    states.save(target, state)


def copy_disk(source: Path, target: Path) -> None:
    """Copy a host's disk and keys; what is empty on the disk takes no room in the copy."""
    target.mkdir(parents=True)
    for name in LASTING_FILES:
        process.run("cp", "--sparse=always", "--reflink=auto", "-p", source / name, target / name)
