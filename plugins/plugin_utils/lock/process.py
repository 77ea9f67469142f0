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
    :ivar machine: this boot of this kernel and this space of process numbers: containers may share the rest; ``""``
        without a ``/proc``
    :ivar process: its number and start, as numbers are used again
    """

    holder: str
    machine: str
    process: str


def playbook() -> int:
    """Return the process number of ansible-playbook, whose children run the tasks; also when it has just died."""
    parent = multiprocessing.parent_process()
    return (parent.pid if parent else None) or os.getpid()


def identify(pid: int) -> Run:
    """Identify a run.

    :param pid: process of ``ansible-playbook``
    """
    host = socket.gethostname()
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        machine = f"{boot} {(PROC / 'self/ns/pid').readlink()}"
    except OSError:
        machine = ""
    holder = f"{getpass.getuser()}@{host}, process {pid}"
    return Run(holder=holder, machine=machine, process=f"{machine or host} {pid} {_start(pid)}")


def is_running(process: str) -> bool:
    """Tell whether a process of this machine still runs.

    :param process: ``process`` of ``identify``
    """
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
