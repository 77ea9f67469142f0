"""Booting hosts and waiting until they answer."""

import subprocess
import time

from . import network
from .errors import BootError
from .host import CONSOLE, Host

TIMEOUT = 120  # seconds for the first host ...
TIMEOUT_MORE = 20  # ... and for each other one that boots at the same time
# A process that is just taking over from another cannot be found for a moment.
GONE_AFTER = 2.0  # seconds
# Of `systemctl is-system-running`: the host has booted, perhaps with a unit that failed.
BOOTED = ("running", "degraded")


def boot(hosts: list[Host]) -> None:
    """Boot those of the hosts that are off and wait until all of them answer.

    :raise BootError: one does not
    """
    if not hosts:
        return
    started = time.monotonic()
    timeout = TIMEOUT + TIMEOUT_MORE * len(hosts)
    for host in hosts:
        if host.pid is None:
            host.boot()
    print(f"Booting {', '.join(host.name for host in hosts)}", flush=True)
    last_found = dict.fromkeys(hosts, 0.0)
    waiting: dict[Host, subprocess.Popen[str] | None] = dict.fromkeys(hosts)
    while waiting:
        for host, question in list(waiting.items()):
            seconds = time.monotonic() - started
            if question is None:
                waiting[host] = ask(host)
            elif question.poll() is not None:
                answer = question.communicate()[0].strip()
                if answer in BOOTED:
                    print(f"{host.name} is {answer} after {seconds:.0f} s", flush=True)
                    del waiting[host]
                    continue
                waiting[host] = None
            if host.pid is not None:
                last_found[host] = seconds
            elif seconds - last_found[host] > GONE_AFTER:
                raise BootError(f"{host.name} ended while booting: {last_words(host)}")
            if seconds > timeout:
                raise BootError(f"{host.name} does not answer after {timeout} s: {last_words(host)}")
        time.sleep(0.2)


def ask(host: Host) -> subprocess.Popen[str] | None:
    """Ask a host over ssh for its state, which it tells once it has booted.

    :return: the running question; None if ssh does not answer yet
    """
    if not network.answers(host.namespace, host.address, 22):
        return None
    return subprocess.Popen(
        [*host.ssh_command, "systemctl", "is-system-running", "--wait"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def last_words(host: Host) -> str:
    """Return the last line of a host's console and where the rest is."""
    path = host.folder / CONSOLE
    lines = path.read_text(errors="replace").strip().splitlines() if path.exists() else []
    return f"'{lines[-1] if lines else ''}'; read: {path}"
