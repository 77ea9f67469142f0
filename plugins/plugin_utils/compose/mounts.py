"""Translate mounts, and tell which volumes hold their services on one node."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from ..model.problem import Problem
from ..stacks.file_problems import refused_field

UNNAMED = re.compile(r"[^A-Za-z0-9]+")
READABLE = 0o444
OF_EACH_NODE = "each node has a folder of its own there, which must exist on all nodes that the service may run on"


def is_pinned(volume: Mapping[str, Any] | None, deploy: Mapping[str, Any]) -> bool:
    """Tell whether a volume is on the disk of one node, whose service so stays there.

    One with a driver, or with options such as those of NFS, several nodes share. A global service has a volume on each
    node, as it has a task there. Of one that the stack does not make, nothing says where it is.

    :param volume: its entry in ``volumes``
    """
    entry = volume or {}
    is_local = entry.get("driver", "local") == "local" and not entry.get("driver_opts")
    return is_local and not entry.get("external") and deploy.get("mode") != "global"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounts:
    """What a service mounts.

    :ivar mounts: in long form
    :ivar configs: uses of configs that stand for files of the project
    :ivar files: of those configs, by name
    """

    mounts: tuple[dict[str, Any], ...]
    configs: tuple[dict[str, Any], ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def translate_mounts(key: str, service: Mapping[str, Any], folder: str) -> Mounts:
    """Translate a service's mounts.

    :param key: of the service
    :param folder: the project's
    """
    unknown = [mount for mount in service.get("volumes", ()) if mount.get("type") not in OPTIONS]
    if unknown:
        return Mounts(mounts=(), problems=tuple(_of_no_type(key, mount) for mount in unknown))
    binds = [mount for mount in service.get("volumes", ()) if mount["type"] == "bind"]
    own = [mount for mount in binds if PurePath(mount["source"]).is_relative_to(folder)]
    files = [mount for mount in own if Path(mount["source"]).is_file()]
    names = [UNNAMED.sub("_", str(PurePath(mount["source"]).relative_to(folder))).strip("_") for mount in files]
    return Mounts(
        mounts=tuple(_mount(mount) for mount in _mounts(service) if mount not in files),
        configs=tuple(
            {"source": name, "target": mount["target"], "mode": READABLE}
            for name, mount in zip(names, files, strict=True)
        ),
        files={name: mount["source"] for name, mount in zip(names, files, strict=True)},
        warnings=tuple(f"{key}.volumes: {mount['source']}: {OF_EACH_NODE}" for mount in binds if mount not in own),
        problems=tuple(_of_project(key, mount, folder) for mount in own if mount not in files),
    )


def _mounts(service: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from service.get("volumes", ())
    for text in service.get("tmpfs", ()):
        target, _, options = str(text).partition(":")
        given = dict(option.partition("=")[::2] for option in options.split(","))
        limits = {"size": _bytes(given.get("size", "")), "mode": int(given.get("mode") or "0", 8)}
        yield {"type": "tmpfs", "target": target, "tmpfs": {what: value for what, value in limits.items() if value}}
    if service.get("shm_size"):
        yield {"type": "tmpfs", "target": "/dev/shm", "tmpfs": {"size": int(service["shm_size"])}}


def _mount(mount: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what Compose alone has."""
    kept = {what: mount[what] for what in ("type", "source", "target", "read_only") if mount.get(what)}
    given = mount.get(mount["type"]) or {}
    options = {what: value for what, value in given.items() if what in OPTIONS[mount["type"]]}
    if "size" in options:
        options["size"] = int(options["size"])
    return {**kept, mount["type"]: options} if options else kept


OPTIONS: Mapping[str, tuple[str, ...]] = {
    "bind": ("propagation",),
    "volume": ("nocopy",),
    "tmpfs": ("size", "mode"),
    "cluster": (),
    "npipe": (),
}
UNITS = " kmgt"


def _bytes(text: str) -> int:
    """Read a size such as ``64m``; ``0`` for none."""
    digits = text.rstrip("bBkKmMgGtT")
    unit = text[len(digits) :].lower().rstrip("b")
    return int(digits) * 1024 ** UNITS.index(unit or " ") if digits.isdecimal() else 0


def _of_no_type(key: str, mount: Mapping[str, Any]) -> Problem:
    found = f"a mount at {mount.get('target', '')} of type '{mount.get('type', '')}'"
    return refused_field(f"{key}.volumes", found, f"Name one of the types {', '.join(OPTIONS)}")


def _of_project(key: str, mount: Mapping[str, Any], folder: str) -> Problem:
    source = PurePath(mount["source"]).relative_to(folder)
    return refused_field(
        f"{key}.volumes",
        f"./{source}, a folder of the project, which nodes do not have",
        "Put what the app reads into its image, and what it writes into a named volume; of single files it is a config",
    )
