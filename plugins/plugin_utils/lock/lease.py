"""Decide whether a run may take the lock that keeps two runs apart, and say who has it.

A lock is what ``module_utils/lock.py`` reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from ...module_utils.observation import Observed
from ...module_utils.observation.host import Lock
from ..model.problem import Code, Problem
from . import process
from .process import Run

# Seconds after which a lock that was not renewed is free. A run renews it when engines run, when it has begun a swarm,
# in each turn of a rolling change, before each step of a deploy, before each host that retires, and before services are
# stopped for their data; in between lie packages, a reboot, images, the time of one stack or a copy of data.
LEASE = 1800
# What a step may take beside the time of its stack: draining a host, mostly.
MARGIN = 600


def choose(observed: Iterable[Observed]) -> list[Lock]:
    """Choose the locks that count: the swarm's, which all managers share; before there is one, those of all hosts."""
    locks = [host.lock for host in observed if host.lock.version]
    return [lock for lock in locks if lock.version.startswith("swarm ")][:1] or locks


def judge(
    lock: Lock, run: Run, take: bool = False, is_running: Callable[[str], bool] = process.is_running
) -> Problem | str:
    """Decide on one lock.

    :param take: whether the user asked to take it
    :param is_running: tells whether a ``process`` of this machine still runs
    :return: why the run must not go on; or why a lock that was not given back is free, ``""`` where none is held
    """
    if lock.process in ("", run.process):
        return ""
    here = process.shares_machine(lock.process, run.process)
    if here and not is_running(lock.process):
        return f"The lock of {_holder(lock)} is free: that process is gone."
    if not here and lock.idle > LEASE:
        return f"The lock of {_holder(lock)} is free: not renewed for {_minutes(lock.idle)}."
    if take:
        return f"The lock of {_holder(lock)} is taken, as preflight_take_lock says."
    return _locked(lock, here)


def _locked(lock: Lock, here: bool) -> Problem:
    last = "still running on this machine" if here else f"last sign of it {_minutes(lock.idle)} ago"
    end = "end that process" if here else f"the lock is free {LEASE // 60} min after its last renewal"
    return Problem(
        code=Code.SITE_LOCKED,
        where="this site",
        found=f"another run: {_holder(lock)}, {last}",
        expected="one run at a time",
        fix=f"Wait for it; if it is dead, {end}, or take the lock with -e preflight_take_lock=true",
    )


def lost(lock: Lock, run: Run) -> Problem | None:
    """Say that another run was faster, or return ``None`` when the lock is this run's.

    :param lock: the lock after an attempt to hold it
    """
    if lock.process == run.process:
        return None
    found = "no lock of this run any more"
    if lock.version:
        what = "holds the lock now" if lock.process else f"held the lock until {_time(lock.renewed)}"
        found = f"{_holder(lock)} {what}, so the site may be another than this run observed"
    return Problem(
        code=Code.LOCK_LOST,
        where="this site",
        found=found,
        expected="the lock of this run",
        fix="Wait for the other run, if there is one, then run again",
    )


def _holder(lock: Lock) -> str:
    return f"{lock.holder} (since {_time(lock.since)})"


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _minutes(seconds: int) -> str:
    return f"{seconds // 60} min" if seconds >= 120 else f"{seconds} s"
