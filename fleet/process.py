"""Starting, finding and ending processes.

A background process carries two words in its environment: the folder that it works for and its
part there. It is found by these words in /proc, not by a remembered process id: ids are used again,
and a killed command could not have remembered its last one.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from .errors import FleetError

OWNER = "FLOTILLA_FLEET_OWNER"
PART = "FLOTILLA_FLEET_PART"
Condition = Callable[[int], bool]  # of the process with an id
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def run(*command: str | Path) -> str:
    """Run a command to its end and return what it printed.

    :raise FleetError: it failed; the message holds the command and its last line of errors
    """
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        complaint = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        words = " ".join(str(word) for word in command)
        raise FleetError(f"'{words}' failed with code {done.returncode}: {complaint}")
    return done.stdout


def start(
    command: list[str | Path],
    owner: Path,
    part: str,
    log: Path,
    listener: int | None = None,
) -> None:
    """Start a background process that outlives this command.

    :param owner: the folder that it works for
    :param part: what it does there, such as "worker-1"
    :param log: file that receives its output, overwritten
    :param listener: file descriptor of a listening socket that it inherits
    """
    environment = {
        "PATH": os.environ["PATH"],
        # Guests keep their memory in a file here; on a disk it would be written out all the time.
        "TMPDIR": "/dev/shm",
        OWNER: str(owner),
        PART: part,
    }
    with open(log, "wb") as output:
        started = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            cwd="/",
            start_new_session=True,
            pass_fds=() if listener is None else (listener,),
        )
    # A new process has its words a moment after its start; only then is it sure to be found.
    found = works_for(owner, part)
    while not found(started.pid) and started.poll() is None:
        time.sleep(0.001)


def works_for(owner: Path, part: str | None = None) -> Condition:
    """Return the condition that a process works for a folder, as one part or as any."""
    words = {f"{OWNER}={owner}".encode()}
    if part is not None:
        words.add(f"{PART}={part}".encode())
    return lambda pid: words <= environment_of(pid)


def is_inside(namespace: Path) -> Condition:
    """Return the condition that a process is in a network namespace, as ssh connections are."""
    if not namespace.exists():
        return lambda pid: False
    inside = namespace.stat()
    return lambda pid: is_same_file(Path(f"/proc/{pid}/ns/net"), inside)


def find(condition: Condition) -> list[int]:
    """Return the ids of the processes that fulfil a condition, but for this one."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in pids if pid != os.getpid() and condition(pid)]


def find_main(condition: Condition) -> int | None:
    """Return the id of the process that fulfils a condition, unlike its parent."""
    pids = find(condition)
    return next((pid for pid in pids if parent_of(pid) not in pids), None)


def end(condition: Condition, with_signal: signal.Signals = signal.SIGKILL) -> None:
    """End the processes that fulfil a condition, and those that come up meanwhile.

    :raise FleetError: one is still there after 10 s
    """
    deadline = time.monotonic() + 10
    while pids := find(condition):
        if time.monotonic() > deadline:
            raise FleetError(f"process {pids[0]} does not end; examine it with: ps -fp {pids[0]}")
        for pid in pids:
            with suppress(ProcessLookupError):
                send_signal(pid, condition, with_signal)
        time.sleep(0.05)


def send_signal(pid: int, condition: Condition, a_signal: signal.Signals) -> None:
    """Signal a process if it still fulfils a condition.

    :raise ProcessLookupError: it has ended
    """
    # The handle stays with this process, even if its id is used again before the signal is sent.
    handle = os.pidfd_open(pid)
    try:
        if condition(pid):
            signal.pidfd_send_signal(handle, a_signal)
    finally:
        os.close(handle)


def environment_of(pid: int) -> set[bytes]:
    """Return the NAME=VALUE words that a process was started with; none for one that has ended."""
    try:
        return set(Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return set()


def stat_of(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the third, the state, on; none if it has ended."""
    try:
        # The second field, the command in brackets, may itself hold spaces and brackets.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be collected by its parent does not."""
    fields = stat_of(pid)
    return bool(fields) and fields[0] not in "ZX"


def is_stopped(pid: int) -> bool:
    """Tell whether a process was stopped with SIGSTOP."""
    return stat_of(pid)[:1] == ["T"]


def parent_of(pid: int) -> int | None:
    """Return the id of a process's parent."""
    fields = stat_of(pid)
    return int(fields[1]) if fields else None


def age_of(pid: int) -> float:
    """Return the seconds since a process was started; 0 for one that has ended."""
    fields = stat_of(pid)
    if not fields:
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / CLOCK_TICKS


def memory_of(pid: int) -> int:
    """Return the MiB of memory that a process uses; 0 for one that has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


def is_same_file(path: Path, other: os.stat_result) -> bool:
    """Tell whether a path leads to a file, following links."""
    try:
        return os.path.samestat(path.stat(), other)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
