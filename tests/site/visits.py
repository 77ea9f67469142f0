"""Visits of the page beside what a test does, and the table of all of them."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from lost import around
from visitor import COUNT

from bench import stack
from tests.support.runs import REPOSITORY
from tests.support.wait import wait_until

# Free addresses of the fleet's network, for visitors.
VISITORS = ["10.77.{}.201", "10.77.{}.202", "10.77.{}.203", "10.77.{}.204"]
# What visitors of the test that runs have sent and got, since it was last taken.
tallies = []


def take_tallies():
    """Return what was sent since this was last called: ``sent``, ``failed`` and what else is counted."""
    taken = tallies[:]
    tallies.clear()
    return taken


def table(requests):
    """Show the requests of all tests in lines.

    :param requests: pairs of a test's name and a tally
    """
    columns = ["sent", "failed", "retried", "late", "uncounted"]
    rows = [[name, *(str(tally.get(column, "-")) for column in columns)] for name, tally in requests]
    total = [str(sum(tally.get(column, 0) for _name, tally in requests)) for column in columns]
    lines = [["test", *columns], *rows, ["all", *total]]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


class Visits:
    """What visitors saw until now.

    :ivar log: what visitor.py prints
    """

    def __init__(self):
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 (tests read it when the visitor has ended)

    @property
    def shown(self):
        """What each page showed, in order."""
        # The visitor's file is this one: reading it must not move where the next line goes.
        text = os.pread(self.log.fileno(), os.fstat(self.log.fileno()).st_size, 0).decode()
        return [line.split(" ", 2)[2] for line in text[: text.rfind("\n") + 1].splitlines()]

    @property
    def failed(self):
        return [shown for shown in self.shown if shown.startswith("failed")]

    @property
    def counts(self):
        return [int(shown) for shown in self.shown if shown.isdecimal()]

    def await_counts(self, number):
        """Wait until so many more visits were counted."""
        until = len(self.counts) + number
        wait_until(lambda: len(self.counts) >= until, 60, pause=0.1)

    def await_trouble(self):
        """Wait until a visitor sees that something is broken."""
        before = len(self.shown)
        wait_until(lambda: not all(shown.isdecimal() for shown in self.shown[before:]), 60, pause=0.1)


@contextlib.contextmanager
def visiting(fleet):
    """Visit all nodes in turn, several times a second, as another machine would."""
    visits = Visits()
    command = [sys.executable, "-m", "fleet", "exec", "--name", fleet.name, "--", sys.executable]
    command += [Path(__file__).with_name("visitor.py"), str(stack.PORT), *fleet.addresses.values()]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=visits.log) as visitor:
        try:
            yield visits
        finally:
            visitor.communicate(timeout=60)
    shown = visits.shown
    tallies.append({"sent": len(shown), "failed": len(visits.failed), "uncounted": shown.count("disabled")})
    print(tallies[-1])
    assert visits.counts


@contextlib.contextmanager
def load(fleet, *words, rate=10):
    """Ask for the page many times a second, from four clients through all nodes; no request may fail.

    Pages without a count, as while Redis moves, are tallied apart.

    :param words: more options of bench/load.py
    :param rate: requests a second
    :return: what was sent and what became of it, once it has ended
    """
    network = fleet.addresses[fleet.manager].split(".")[2]
    visitors = [address.format(network) for address in VISITORS]
    for address in visitors:
        fleet.command("exec", "--", "ip", "address", "replace", f"{address}/24", "dev", "bridge")
    command = [sys.executable, "-m", "fleet", "exec", "--name", fleet.name, "--", sys.executable, "bench/load.py"]
    command += [
        *words,
        "--rate",
        str(rate),
        "--counted",
        COUNT.pattern,
        *(word for address in visitors for word in ("--source", address)),
    ]
    command += [f"http://{address}:{stack.PORT}/" for address in fleet.addresses.values()]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        summary = {}
        try:
            yield summary
            assert process.poll() is None, "the load ended before what it was to go along with"
        finally:
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=60)
            # Told and counted also where what it went along with has failed.
            print(output)
            summary |= json.loads(output)
            tallies.append(summary)
            if summary["lost"]:
                print(around(fleet, datetime.fromisoformat(summary["lost"])))
    assert summary["sent"]
    assert summary["failed"] == 0, summary
