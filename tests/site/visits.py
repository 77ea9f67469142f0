"""Visits of the page beside what a test does."""

import contextlib
import subprocess
import sys
from pathlib import Path

from conftest import REPOSITORY


class Visits:
    """What visitors saw.

    :ivar shown: what each page showed, in order
    :ivar slow: visits that took more than 2 s
    """

    def __init__(self):
        self.shown = []
        self.slow = []

    def read(self, output):
        for line in output.splitlines():
            _address, seconds, shown = line.split(" ", 2)
            self.shown.append(shown)
            if float(seconds) > 2:
                self.slow.append(line)

    @property
    def failed(self):
        return [shown for shown in self.shown if shown.startswith("failed")]

    @property
    def counts(self):
        return [int(shown) for shown in self.shown if shown.isdecimal()]


@contextlib.contextmanager
def visiting(fleet):
    """Visit all nodes in turn, several times a second, as another machine would; the result is there afterwards."""
    visits = Visits()
    command = [sys.executable, "-m", "fleet", "exec", "--name", fleet.name, "--"]
    command += [sys.executable, Path(__file__).with_name("visitor.py"), *fleet.addresses.values()]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as visitor:
        try:
            yield visits
        finally:
            output, _ = visitor.communicate(timeout=60)
            visits.read(output)
    print(f"{len(visits.shown)} visits, {len(visits.failed)} failed, {visits.shown.count('disabled')} without a count")
    assert visits.counts
