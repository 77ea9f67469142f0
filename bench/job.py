"""Run a command and see what it costs: seconds, CPU, memory, and when it printed what."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .steps import Line

Command = Sequence[str | Path]

KIB = 1024
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """A measurement that cannot be made, with what was found."""


@dataclass(frozen=True)
class Job:
    """What a command cost and printed.

    :param start: of `time.monotonic`, which is the same clock in all processes of the machine
    :param seconds: from its start to its end
    :param cpu: seconds of CPU, user and system, of the command and all descendants that were waited for
    :param largest: peak memory in MiB of the largest of these processes
    :param lines: what it printed, standard error included
    """

    start: float
    seconds: float
    cpu: float
    largest: float
    lines: tuple[Line, ...]

    @property
    def output(self) -> str:
        """Return what was printed as one text."""
        return "\n".join(text for _, text in self.lines)


def run(
    command: Command,
    folder: Path,
    environment: Mapping[str, str],
    sample: Callable[[int], None] | None = None,
) -> Job:
    """Run a command to its end.

    :param sample: is called with the command's process id in a thread, while it runs
    :raise BenchError: it failed
    """
    start = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    if sample:
        threading.Thread(target=sample, args=(process.pid,)).start()
    assert process.stdout
    lines = tuple((time.monotonic() - start, line.rstrip()) for line in process.stdout)
    # Unlike Popen.wait, this tells the usage of this command alone.
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    job = Job(start, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / KIB, lines)
    if process.returncode:
        words = " ".join(map(str, command))
        raise BenchError(f"{words} ended with {process.returncode}:\n" + "\n".join(job.output.splitlines()[-40:]))
    return job


class MemorySum:
    """Follow the memory of a session's processes together, shared pages counted once; costs CPU itself."""

    PERIOD = 0.1  # seconds

    def __init__(self) -> None:
        """Begin with no memory measured."""
        self.peak = 0.0  # MiB

    def __call__(self, leader: int) -> None:
        """Measure until the session's leader has ended."""
        while session := [pid for pid in processes() if session_of(pid) == leader]:
            self.peak = max(self.peak, sum(map(proportional_memory, session)))
            time.sleep(self.PERIOD)


def processes() -> list[int]:
    """Return the ids of the machine's processes."""
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def session_of(pid: int) -> int | None:
    """Return the session of a process; None where it has just ended."""
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def proportional_memory(pid: int) -> float:
    """Return the memory of a process in MiB, each shared page divided by its users; 0 where it has just ended."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / KIB


def cpu_of(pid: int) -> float:
    """Return the seconds of CPU that a process has used, those of children that it waited for included; 0 if gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    # The second field, the command's name in parentheses, may hold spaces.
    return sum(map(int, stat.rpartition(")")[2].split()[11:15])) / CLOCK_TICKS
