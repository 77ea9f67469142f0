"""Translate what a service mounts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from ..images.private import is_private
from .notes import Notes, plain
from .tmpfs import memory_mounts
from .volumes import OF_EACH_NODE

# By type, the options that Swarm has, too.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "bind": ("propagation",),
    "volume": ("nocopy",),
    "tmpfs": ("size", "mode"),
}
# In the engine's words, "config data must be larger than 0 and less than 1024000 bytes".
TOO_LARGE = 1024000
READABLE, EXECUTABLE = 0o444, 0o555
# Bits of a mode that let others than the owner do something with a file.
OF_OTHERS = 0o077
SOCKET = "docker.sock"
OF_ITS_NODE = "a task has the engine of the node that it is on; for all of the swarm, hold it on a manager"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounts:
    """What a service mounts.

    :ivar mounts: in long form
    :ivar configs: uses of configs, which stand for files of the project
    """

    mounts: tuple[dict[str, Any], ...]
    configs: tuple[dict[str, Any], ...]


def translate_mounts(key: str, service: Mapping[str, Any], folder: str, notes: Notes) -> Mounts:
    """Translate a service's mounts.

    :param key: of the service
    :param folder: the project's
    """
    mounts: list[dict[str, Any]] = []
    configs: list[dict[str, Any]] = []
    for mount in service.get("volumes", ()):
        kind, source = mount.get("type"), plain(str(mount.get("source", "")))
        if kind not in OPTIONS:
            found = f"a mount at {mount.get('target', '')} of type '{kind or ''}'"
            notes.refuse(f"{key}.volumes", found, f"Name one of the types {', '.join(OPTIONS)}")
        elif kind == "volume" and not source:
            fix = "Give it a name in volumes: each new task would begin with an empty one"
            notes.refuse(f"{key}.volumes", f"{mount.get('target', '')}, a volume without a name", fix)
        elif kind == "bind" and PurePath(source).is_relative_to(folder):
            configs += _of_project(key, mount, Path(source), folder, notes)
        else:
            if kind == "bind":
                notes.warn(f"{key}.volumes", f"{source}: {OF_ITS_NODE if SOCKET in source else OF_EACH_NODE}")
            mounts.append(_mount(key, mount, notes))
    mounts += memory_mounts(key, service, notes)
    targets = [mount["target"] for mount in mounts]
    for target in {target for target in targets if targets.count(target) > 1}:
        notes.refuse(f"{key}.volumes", f"two mounts at {target}", "Leave one of them out")
    return Mounts(mounts=tuple(mounts), configs=tuple(configs))


def _mount(key: str, mount: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    """Leave out what Compose alone has."""
    kept = {what: mount[what] for what in ("type", "source", "target", "read_only") if mount.get(what)}
    given = mount.get(mount["type"]) or {}
    if given.get("subpath"):
        fix = "Mount the whole volume, or give each folder a volume of its own"
        notes.refuse(f"{key}.volumes", f"subpath: {given['subpath']}, which Swarm would leave out", fix)
    options = {what: value for what, value in given.items() if what in OPTIONS[mount["type"]]}
    if "size" in options:
        options["size"] = int(options["size"])
    return {**kept, mount["type"]: options} if options else kept


def _of_project(
    key: str, mount: Mapping[str, Any], source: Path, folder: str, notes: Notes
) -> Iterator[dict[str, Any]]:
    """Make a file of the project a config, which nodes get with the stack; they have no folder of it."""
    name = f"./{source.relative_to(folder)}"
    if not source.is_file():
        what = "a folder of the project, which nodes do not have" if source.exists() else "which is not there"
        fix = "Put what the app reads into its image, and what it writes into a named volume; a file becomes a config"
        notes.refuse(f"{key}.volumes", f"{name}, {what}", fix)
    elif reason := _reason_of_privacy(source):
        how = f"Declare it in secrets, and name it with target: {mount['target']} in secrets of the service"
        fix = f"{how}; put what the app writes itself into a named volume"
        notes.refuse(f"{key}.volumes", f"{name}, {reason}, which would be a config that many can read", fix)
    elif not 0 < source.stat().st_size < TOO_LARGE:
        found = f"{name}, a file of {source.stat().st_size} bytes, where a config has 1 to {TOO_LARGE - 1}"
        notes.refuse(f"{key}.volumes", found, "Put it into the image")
    else:
        mode = EXECUTABLE if os.access(source, os.X_OK) else READABLE
        yield {"source": notes.config(source, folder), "target": mount["target"], "mode": mode}


def _reason_of_privacy(file: Path) -> str:
    """Say why a file must not be a config, ``""`` if it may be one."""
    if not file.stat().st_mode & OF_OTHERS or not os.access(file, os.R_OK):
        return "not readable by everybody"
    return "private by its name or content" if is_private(file) else ""
