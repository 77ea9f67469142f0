"""Two runs at once, and runs that ended without a word: on real hosts, with real processes."""

import getpass
import os
import re
import signal

import pytest


@pytest.fixture
def begun(fleet, tmp_path):
    """Begin a run with something to do on a host and in the stack, and freeze it when it holds the lock."""
    fleet.on("worker-1", "rm /etc/modules-load.d/flotilla.conf")
    fleet.on("manager-1", "docker service scale --detach hello_web=4")
    with fleet.begin(tmp_path / "frozen.log") as run:
        run.wait_for("PLAY [Install and configure Docker]")
        run.signal(signal.SIGSTOP)
        yield run
        run.signal(signal.SIGKILL)


def elsewhere(fleet, *words):
    """Run site.yml as if on another machine: where processes have other numbers, the first run's cannot be seen."""
    return fleet.play(*words, prefix=("unshare", "--pid", "--fork", "--mount-proc"))


def test_second_run_is_refused_with_who_where_and_since_when_until_the_first_is_gone(fleet, begun):
    holder = re.escape(f"{getpass.getuser()}@{os.uname().nodename}, process {begun.pid}")
    for run, how in ((fleet.play(), "still running on this machine"), (elsewhere(fleet), r"last sign of it \d+ s ago")):
        assert run.code != 0
        assert set(run.changed.values()) == {0}
        assert "1 problem, nothing was changed" in run.output
        since = r"\(since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\)"
        assert "1. site-locked: this site" in run.output
        assert re.search(f"another run: {holder} {since}, {how}", run.output)
    begun.signal(signal.SIGKILL)
    run = fleet.play()
    assert run.code == 0
    assert re.search(f"The lock of {holder} .* is free: that process is gone.", run.output)
    assert fleet.services() == {"web": "5/5", "redis": "1/1"}
    assert set(fleet.play().changed.values()) == {0}


@pytest.mark.long
def test_run_that_lost_its_lock_stops_before_it_deploys(fleet, begun):
    assert elsewhere(fleet, "-e", "preflight_take_lock=true").code == 0
    begun.signal(signal.SIGCONT)
    assert begun.wait(300) != 0
    output = begun.output()
    assert re.search(r"held the lock until .*, so the site may be another than this run observed", output)
    assert "flotilla.swarm.stack : " not in output
    assert set(fleet.play().changed.values()) == {0}
