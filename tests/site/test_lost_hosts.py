"""Hosts that get lost in the middle of a run: the next run goes on where it ended."""

import re

import pytest
from test_interruption import PHASES, expect_serving


def lose(fleet, host, task, log):
    """Pull a host's cable out when a run has come to a task, and plug it in again when the run has given up."""
    with fleet.begin(log) as run:
        run.wait_for(task)
        fleet.command("cut", host)
        assert run.wait(900).code != 0
    fleet.reconnect(host)
    # Where the others noticed first that the host is away, they failed.
    assert re.search(rf"{host} +: .*unreachable=1|failed=1", run.output()), task


@pytest.mark.long
def test_host_lost_in_each_phase_is_picked_up(make_fleet, tmp_path):
    fleet = make_fleet(2)
    for phase, task in PHASES.items():
        lose(fleet, "manager-1", task, tmp_path / f"{phase}.log")
    expect_serving(fleet)
    fleet.on("worker-1", "rm /etc/modules-load.d/flotilla.conf /root/.docker/config.json")
    lose(fleet, "worker-1", "docker : Configure | Write the settings", tmp_path / "worker.log")
    expect_serving(fleet)
    fleet.command("down")
