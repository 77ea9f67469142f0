"""Runs that are cut short and packages left half-way: the next run goes on where it ended."""

import os
import random
import re
import signal

import pytest
from members import keep_apt_busy

from bench import stack
from tests.support.fleet import replica

# By phase, a task that takes its time.
PHASES = {
    "docker": "docker : Packages | Install Docker]",
    "swarm": "swarm : Join | Ask a manager",
    "registry": "registry : Server certificate | Make private keys]",
    "login": "registry : Trust | Give the CA",
    "image": "image : Start | Unpack packages",
    "stack": "stack : Apply | Apply the stack file of",
}
# A package whose installation is killed with dpkg itself while a file is there, and holds dpkg's lock meanwhile.
UNLUCKY = r"""
set -e
mkdir -p /root/unlucky/DEBIAN
cd /root/unlucky
printf 'Package: unlucky\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: dies once\n' > DEBIAN/control
printf '#!/bin/sh\n[ ! -e /run/unlucky ] || { rm /run/unlucky; kill -KILL $PPID; }\n' > DEBIAN/postinst
chmod 0755 DEBIAN/postinst
dpkg-deb --build . /root/unlucky.deb
touch /run/unlucky
dpkg --install /root/unlucky.deb && exit 1
ls /var/lib/dpkg/updates
"""


def expect_serving(fleet):
    """The next run goes on to the page, and the one after it has nothing to do."""
    run = fleet.play().succeeded()
    fleet.assert_serving()
    assert all(map(replica, fleet.pages()))
    fleet.play().unchanged()
    return run


def test_run_killed_while_it_deploys_is_picked_up(fleet, tmp_path):
    fleet.scale(stack.WEB, stack.REPLICAS - 1)
    with fleet.begin(tmp_path / "killed.log") as killed:
        killed.wait_for("waiting for at most")
        killed.signal(signal.SIGKILL)
    run = expect_serving(fleet)
    assert re.search(rf"process {killed.pid} .* is free: that process is gone", run.output)


@pytest.mark.long
def test_interrupted_packages_are_finished_although_apt_is_busy(fleet):
    fleet.on("worker-2", "apt-get remove --yes python3-jsondiff")
    fleet.on("worker-2", UNLUCKY)
    keep_apt_busy(fleet, "worker-2")
    run = expect_serving(fleet)
    assert run.changes == [
        "docker worker-2: finish the interrupted installation of dpkg, unlucky",
        "docker worker-2: install python3-jsondiff",
    ]
    assert fleet.on("worker-2", "ls /var/lib/dpkg/updates; dpkg --audit") == ""
    fleet.on("worker-2", "dpkg --purge unlucky; rm -r /root/unlucky /root/unlucky.deb")


@pytest.mark.long
def test_run_killed_in_each_phase_is_picked_up(make_fleet, tmp_path):
    fleet = make_fleet(2)
    for phase, task in PHASES.items():
        with fleet.begin(tmp_path / f"{phase}.log") as killed:
            killed.wait_for(task)
            killed.signal(signal.SIGKILL)
    expect_serving(fleet)
    fleet.command("down")


@pytest.mark.long
def test_run_killed_at_20_random_moments_in_a_row_is_picked_up(make_fleet, tmp_path):
    seed = os.environ.get("FLOTILLA_SEED") or str(random.randrange(10**6))
    print(f"FLOTILLA_SEED={seed}")
    moments = random.Random(seed)
    fleet = make_fleet(2)
    for number in range(20):
        with fleet.begin(tmp_path / f"{number}.log") as killed:
            killed.interrupt(moments.uniform(1, 60), signal.SIGKILL)
    expect_serving(fleet)
    fleet.command("down")
