"""Translate mounts in memory, which Compose has in three places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .notes import Notes

SIZE = re.compile(r"(\d+)([kmgt]?)b?", re.IGNORECASE)
UNITS = " kmgt"
# What every mount in memory has in a swarm.
ALWAYS = ("rw", "noexec", "nosuid", "nodev")
NOT_THERE = "tasks run without it: of a mount in memory, Swarm has size and mode alone"


def memory_mounts(key: str, service: Mapping[str, Any], notes: Notes) -> Iterator[dict[str, Any]]:
    """Translate ``tmpfs`` and ``shm_size`` of a service.

    :param key: of the service
    """
    for text in service.get("tmpfs", ()):
        target, _, options = str(text).partition(":")
        limits = _limits(f"{key}.tmpfs", [option for option in options.split(",") if option], notes)
        yield {"type": "tmpfs", "target": target, **({"tmpfs": limits} if limits else {})}
    if service.get("shm_size"):
        yield {"type": "tmpfs", "target": "/dev/shm", "tmpfs": {"size": int(service["shm_size"])}}


def _limits(key: str, options: list[str], notes: Notes) -> dict[str, int]:
    limits = {}
    for option in options:
        name, _, value = option.partition("=")
        size = SIZE.fullmatch(value)
        if name == "size" and size:
            limits["size"] = int(size[1]) * 1024 ** UNITS.index(size[2].lower() or " ")
        elif name == "mode" and re.fullmatch("[0-7]+", value):
            limits["mode"] = int(value, 8)
        elif name in ("size", "mode"):
            notes.refuse(key, option, "Write a size such as size=64m, and a mode such as mode=1777")
        elif option not in ALWAYS:
            notes.warn(key, f"{option}: {NOT_THERE}")
    return limits
