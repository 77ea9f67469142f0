"""Tell who runs flotilla on the control node, so that another run can tell whether this one still lives."""

from __future__ import annotations

import getpass
import multiprocessing
import os
import socket
from pathlib import Path

PROC = Path("/proc")


def playbook():
    """Return the process number of ansible-playbook, whose children run the tasks; also when it has just died."""
    parent = multiprocessing.parent_process()
    return parent.pid if parent else os.getpid()


def identify(pid):
    """Identify a run.

    :param pid: process of ``ansible-playbook``
    :return: dict with ``holder`` (for people), ``machine`` (this boot of this kernel and this space of process numbers:
        containers may share the rest; ``""`` without a ``/proc``) and ``process`` (its number and start, as numbers
        are used again)
    """
    host = socket.gethostname()
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        machine = f"{boot} {(PROC / 'self/ns/pid').readlink()}"
    except OSError:
        machine = ""
    holder = f"{getpass.getuser()}@{host}, process {pid}"
    return {"holder": holder, "machine": machine, "process": f"{machine or host} {pid} {_start(pid)}"}


def is_running(process):
    """Tell whether a process of this machine still runs.

    :param process: ``process`` of ``identify``
    """
    pid, start = process.rsplit(" ", 2)[1:]
    return _start(int(pid)) == start != ""


def _start(pid):
    """Return when a process started, in ticks since boot; ``""`` when it is gone or only waits to be buried."""
    try:
        # The command's name stands in parentheses and may hold anything.
        fields = (PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
