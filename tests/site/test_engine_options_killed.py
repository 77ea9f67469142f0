"""An engine option is set and taken out again by runs that are killed, while visitors come."""

import random

import pytest
from kills import assert_put_back, kill_in_each
from sizes import full_size
from visits import load

WARN = ("-e", '{"docker_daemon_options": {"log-level": "warn"}}')
KILLED_IN = [
    "swarm : Set aside | Move its tasks",
    "docker : Change | Lead its visitors",
    "docker : Start | Start Docker]",
    "docker : Await | Wait until it is back",
    "swarm : Take back | Let tasks run on it again",
]
GATE = "stack : Services | See them at their size"


@pytest.mark.long
def test_runs_that_are_killed_in_each_phase_are_gone_on_with_and_lose_no_request(fleet, tmp_path):
    seed = random.randrange(1000)
    print(f"seed {seed}")
    seconds = random.Random(seed)
    with load(fleet, rate=20), full_size(fleet):
        kill_in_each(fleet, KILLED_IN, tmp_path, seconds, *WARN)
        fleet.play(*WARN).succeeded()
        # Taken out again, which ends with the gate whatever the runs before have left to do.
        kill_in_each(fleet, [GATE], tmp_path, seconds)
        fleet.play().succeeded()
    fleet.assert_serving()
    fleet.play().unchanged()
    assert_put_back(fleet)
