"""Two runs at once, and runs that ended without a word: on real hosts, with real processes."""

import getpass
import os
import re
import signal

import pytest

from bench import stack


@pytest.fixture
def begun(fleet, tmp_path):
    """Begin a run with something to do on a host and in the stack, and freeze it when it holds the lock."""
    fleet.on("worker-1", "rm /etc/modules-load.d/flotilla.conf")
    fleet.scale(stack.WEB, stack.REPLICAS - 1)
    with fleet.begin(tmp_path / "frozen.log") as run:
        run.wait_for("PLAY [Install and configure Docker]")
        run.signal(signal.SIGSTOP)
        yield run
        run.signal(signal.SIGKILL)


def elsewhere(fleet, *words):
    """Run site.yml as if on another machine: where processes have other numbers, the first run's is not there."""
    return fleet.play(*words, prefix=("unshare", "--pid", "--fork", "--mount-proc"))


def test_second_run_is_refused_with_who_where_and_since_when_until_the_first_is_gone(fleet, begun):
    holder = re.escape(f"{getpass.getuser()}@{os.uname().nodename}, process {begun.pid}")
    for run, how in (
        (fleet.play(), "still running on this machine"),
        (elsewhere(fleet), r"last sign of it \d+ (s|min) ago"),
    ):
        run.refused("site-locked: this site")
        since = r"\(since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\)"
        assert re.search(f"another run: {holder} {since}, {how}", run.output)
    begun.signal(signal.SIGKILL)
    run = fleet.play().succeeded()
    assert re.search(f"The lock of {holder} .* is free: that process is gone.", run.output)
    fleet.assert_serving()
    fleet.play().unchanged()


@pytest.mark.long
def test_run_that_lost_its_lock_stops_before_it_deploys(fleet, begun):
    elsewhere(fleet, "-e", "preflight_take_lock=true").succeeded()
    begun.signal(signal.SIGCONT)
    run = begun.wait(300)
    assert run.code != 0
    assert "lock-lost: " in run.output
    assert "Apply the stack file" not in run.output
    fleet.play().unchanged()
