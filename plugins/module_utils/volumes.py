"""Read what volumes a host has, and whether there is anything in them."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence

from .engine import Engine
from .host import Run, read_text

# By it the engine tells which stack a volume, a network or a service belongs to.
NAMESPACE_LABEL = "com.docker.stack.namespace"
# Seconds in which the engine makes a volume's folders.
AT_ONCE = 1
# Entries of a volume that are no data of its stack: the file system's own, and a dump that a backup left which was cut
# short (see role backup).
NO_DATA = {"lost+found", "flotilla-backup"}


def of_stacks(engine: Engine, stack_names: Sequence[str]) -> dict[str, dict[str, bool]]:
    """Tell by stack, then by name of each of its volumes on this host, whether there is anything in it."""
    found: dict[str, dict[str, bool]] = {name: {} for name in stack_names}
    for volume in engine.get("/volumes", filters={"label": [NAMESPACE_LABEL]})["Volumes"] or []:
        owner = volume["Labels"][NAMESPACE_LABEL]
        if owner in found:
            found[owner][volume["Name"]] = _is_filled(volume.get("Mountpoint"))
    return found


def filled(engine: Engine) -> tuple[str, ...]:
    """List the volumes of this host with anything in them, whoever made them: a stack may have one of their names."""
    listed = engine.get("/volumes")["Volumes"] or []
    return tuple(volume["Name"] for volume in listed if volume.get("Mountpoint") and _is_filled(volume["Mountpoint"]))


def untouched(engine: Engine, mounts: str) -> dict[str, float]:
    """Tell of volumes in which nothing ever was, since when they are there, in seconds since 1970.

    A folder's time changes with each entry that comes or goes, and the time of the one around it with the folder. What
    the folder has of the image that mounts it first makes it older.

    :param mounts: ``/etc/fstab`` and units of mounts: a file system that is missing hides what is in a volume
    """
    found = {}
    for volume in engine.get("/volumes")["Volumes"] or []:
        folder = volume.get("Mountpoint") or ""
        try:
            changed, made = os.stat(folder).st_mtime, os.stat(os.path.dirname(folder)).st_mtime
            if not os.listdir(folder) and changed < made + AT_ONCE and not _is_unmounted(folder, mounts):
                found[volume["Name"]] = made
        except OSError:
            continue
    return found


def _is_unmounted(folder: str, mounts: str) -> bool:
    """Tell whether a file system is missing that belongs at a folder or above it."""
    places = {word.partition("Where=")[2] or word for word in mounts.split() if "/" in word}
    above = {place.rstrip("/") for place in places if f"{folder}/".startswith(f"{place.rstrip('/')}/")} - {""}
    return any(not os.path.ismount(place) for place in above)


def mounts() -> str:
    """Read where file systems belong, by ``/etc/fstab`` and by the administrator's units."""
    return "\n".join(read_text(path) or "" for path in ("/etc/fstab", *glob.glob("/etc/systemd/system/*.mount")))


def sizes(run: Run, engine: Engine, stack_names: Sequence[str]) -> dict[str, int]:
    """Measure the volumes of stacks on this host, in MiB: what they take of the disk, or what a copy would take.

    The second is more where a file has holes.
    """
    found = {}
    for volume in engine.get("/volumes", filters={"label": [NAMESPACE_LABEL]})["Volumes"] or []:
        folder = volume.get("Mountpoint")
        if volume["Labels"][NAMESPACE_LABEL] in stack_names and folder:
            answers = [run(["du", "-s", "-m", *more, folder])[1] for more in ([], ["--apparent-size"])]
            found[volume["Name"]] = max(int(answer.split()[0]) if answer else 0 for answer in answers)
    return found


def _is_filled(folder: str | None) -> bool:
    """Tell whether a volume's folder has data; a volume without a folder of this host is its driver's affair."""
    try:
        return bool({*os.listdir(folder)} - NO_DATA) if folder else True
    except FileNotFoundError:
        return False
