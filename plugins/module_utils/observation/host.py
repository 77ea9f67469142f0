"""What is observed of a host itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class System:
    """The host itself.

    :ivar distribution: such as ``"debian 13"``
    :ivar architecture: of the machine, as ``uname -m`` tells it
    :ivar disk_free_mib: of /var
    :ivar addresses: IPv4, without those of the engine's own bridges
    :ivar default_address: that which leads outside, ``""`` when unknown
    :ivar time: the host's clock, in seconds since 1970
    :ivar asked: the control node's clock before and after the host told its time; the control node writes it
    """

    hostname: str
    machine_id: str
    distribution: str
    architecture: str
    kernel: str
    cpus: int
    memory_mib: int
    disk_free_mib: int
    addresses: tuple[str, ...]
    default_address: str
    time: float
    asked: tuple[float, ...] = (0.0, 0.0)


@dataclass(frozen=True)
class File:
    """A file.

    :ivar sha256: ``""`` where neither people nor the host's users may read it: it would tell a short secret
    :ivar mode: such as ``"0644"``
    :ivar mtime: in seconds since 1970
    :ivar text: only where the host was asked for it
    """

    sha256: str
    mode: str
    mtime: int
    text: str | None


@dataclass(frozen=True)
class Unit:
    """A systemd service; ``started`` in seconds since 1970, ``0`` where it does not run.

    :ivar failed: whether systemd counts failed starts of it, also between two attempts
    :ivar replaced: whether it still runs from a program that is not there any more, as after an upgrade of its package
    :ivar flags: of its process, such as ``--host``, without their values
    """

    active: bool
    failed: bool
    enabled: bool
    started: int
    replaced: bool
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class LocalImage:
    """An image on a host, and whether something other than an ended task of a stack of ours uses it."""

    id: str
    names: tuple[str, ...]
    used: bool


@dataclass(frozen=True)
class Lock:
    """The lock of the site; times in seconds since 1970, ``idle`` in seconds since ``renewed``.

    :ivar version: ``""`` where there never was a lock
    :ivar process: of the run that holds it, ``""`` once released
    """

    version: str
    holder: str = ""
    process: str = ""
    since: int = 0
    renewed: int = 0
    idle: int = 0
