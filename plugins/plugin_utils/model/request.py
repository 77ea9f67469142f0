"""What a run is asked for beside the site as it is described."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .lenient import number


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a backup has that is restored.

    :ivar at: when it was made, as in the names of backups
    :ivar stacks: by name ``configs`` and ``secrets``, see ``backup.record.record``
    :ivar volumes: stack by volume whose data it has
    """

    at: str = ""
    stacks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)


NOTHING_SAVED = Saved()


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup of this run.

    :ivar folder: that a new one gets on the control node
    :ivar at: its time, as in its name
    :ivar source: folder of the one that is restored
    :ivar key: path of the file with the key
    :ivar makes_key: whether there is none yet, so that a backup makes one
    :ivar saved: what the one that is restored has; nothing in other runs
    """

    folder: str = ""
    at: str = ""
    source: str = ""
    key: str = ""
    makes_key: bool = False
    saved: Saved = NOTHING_SAVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """What a reset removes beside stacks and swarm: volumes with their data, images that no container uses."""

    data: bool = False
    images: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """What is asked for of the services' logs.

    :ivar service: its name in its stack, ``""`` for all
    :ivar since: how far back, such as ``10m``; ``""`` for all that there is
    :ivar lines: of each task, at most
    :ivar follow: whether what comes later is shown as well
    """

    service: str = ""
    since: str = ""
    lines: int = 100
    follow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that is to run in a task.

    :ivar service: its name in its stack
    :ivar text: the command with its arguments, as a shell would read it
    :ivar task: number of the task, ``""`` for the first that runs
    :ivar timeout: seconds that it may take in a task of its own
    :ivar unquoted: words that Ansible did not take for a part of it
    """

    service: str = ""
    text: str = ""
    task: str = ""
    timeout: str = "600"
    unquoted: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A volume that is to move.

    :ivar volume: its name, as the engine has it
    :ivar to: inventory name of the host that gets it
    :ivar remove_old: whether old copies that moves left are removed
    :ivar folder: on the control node, where a folder is made through which its data goes
    :ivar free_mib: of the disk of that folder
    """

    volume: str = ""
    to: str = ""
    remove_old: bool = False
    folder: str = ""
    free_mib: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evict:
    """A host that is to be cut off.

    :ivar host: what its user calls its node: host name, address or ID
    :ivar rotate_ca: whether the swarm's CA is rotated also for a worker
    """

    host: str = ""
    rotate_ca: bool = False


NO_BACKUP, NO_RESET, NO_LOGS, NO_COMMAND, NO_MOVE = Backup(), Reset(), Logs(), Command(), Move()
NO_EVICT = Evict()


def read_evict(raw: Mapping[str, Any]) -> Evict:
    """Read what is to be cut off."""
    return Evict(host=str(raw.get("host", "")), rotate_ca=bool(raw.get("rotate_ca")))


def read_move(raw: Mapping[str, Any]) -> Move:
    """Read what is to move."""
    return Move(
        volume=str(raw.get("volume", "")),
        to=str(raw.get("to", "")),
        remove_old=bool(raw.get("remove_old")),
        folder=str(raw.get("folder", "")),
    )


def read_command(raw: Mapping[str, Any]) -> Command:
    """Read what is to run."""
    return Command(
        service=str(raw.get("service", "")),
        text=str(raw.get("command", "")),
        task=str(raw.get("task", "")),
        timeout=str(raw.get("timeout", "600")),
        unquoted=str(raw.get("unquoted", "")),
    )


def read_logs(raw: Mapping[str, Any]) -> Logs:
    """Read what is asked for."""
    return Logs(
        service=str(raw.get("service", "")),
        since=str(raw.get("since", "")),
        lines=number(raw.get("lines", 100)),
        follow=bool(raw.get("follow")),
    )
