"""Visits of the page beside what a test does."""

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import stack
from tests.support.runs import REPOSITORY
from tests.support.wait import wait_until


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
    print(f"{len(shown)} visits, {len(visits.failed)} failed, {shown.count('disabled')} without a count")
    assert visits.counts
