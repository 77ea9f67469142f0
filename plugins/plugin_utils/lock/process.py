"""Tell who runs flotilla on the control node, so that another run can tell whether this one still lives."""

from __future__ import annotations

import getpass
import multiprocessing
import os
import socket
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Who runs flotilla.

    :ivar holder: for people
    :ivar process: this boot of this kernel and this space of process numbers, as containers may share the rest; the
        process's number; its start, as numbers are used again
    """

    holder: str
    process: str


def identify(pid: int = 0) -> Run:
    """Identify a run.

    :param pid: process of ``ansible-playbook``; by default the one whose child this is, also when it has just died
    """
    parent = multiprocessing.parent_process()
    pid = pid or (parent.pid if parent else None) or os.getpid()
    host = socket.gethostname()
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        machine = f"{boot} {(PROC / 'self/ns/pid').readlink()}"
    except OSError:
        machine = host
    return Run(holder=f"{getpass.getuser()}@{host}, process {pid}", process=f"{machine} {pid} {_start(pid)}")


def shares_machine(one: str, other: str) -> bool:
    """Tell whether two ``process`` of runs are of one machine; never where there was no ``/proc`` to tell."""
    return one.rsplit(" ", 2)[0] == other.rsplit(" ", 2)[0] and not one.endswith(" ")


def is_running(process: str) -> bool:
    """Tell whether a ``process`` of this machine still runs."""
    pid, start = process.rsplit(" ", 2)[1:]
    return _start(int(pid)) == start != ""


def _start(pid: int) -> str:
    """Return when a process started, in ticks since boot; ``""`` when it is gone or only waits to be buried."""
    try:
        # The command's name stands in parentheses and may hold anything.
        fields = (PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
