"""The benchmark of a plan."""

import subprocess
import sys


def test_plan_of_a_simulated_site_is_measured_where_nothing_is_to_be_done():
    command = [sys.executable, "-m", "bench.plan", "--hosts", "260"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("260 hosts, 2 stacks: read ")
