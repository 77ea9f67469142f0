"""Newer packages and reboots, one host after another, while visitors come."""

import random
import signal

import pytest
from later_packages import publish
from sizes import full_size
from visits import load

UPGRADE = "playbooks/upgrade.yml"
ENGINE = ["docker.io", "containerd", "runc"]


def versions(fleet):
    """The version of each host's engine and of what runs beneath it."""
    command = f"dpkg-query --show --showformat '${{Version}}\n' {' '.join(ENGINE)}"
    return {host: fleet.on(host, command).split() for host in fleet.addresses}


def boots(fleet):
    return {host: fleet.on(host, "cat /proc/sys/kernel/random/boot_id") for host in fleet.addresses}


def test_what_is_upgraded_has_nothing_newer(fleet):
    # The archive may have got a newer version since the disks of these hosts were made.
    fleet.play(playbook=UPGRADE).succeeded()
    fleet.play(playbook=UPGRADE).unchanged()


def test_an_unknown_kind_is_refused(fleet):
    run = fleet.play("-e", "upgrade=everything", playbook=UPGRADE)
    assert run.code != 0
    assert "upgrade is everything, expected security, engine or all" in run.output
    assert not any(run.changed.values())


@pytest.mark.long
def test_an_engine_upgrade_loses_no_request_also_where_it_is_killed(fleet, tmp_path):
    for host in fleet.addresses:
        publish(fleet, host, ENGINE, "/srv/later", "/etc/apt/sources.list.d/later.list")
    told = fleet.play("-e", "upgrade=engine", "--check", playbook=UPGRADE).changes
    # Without fresh lists nothing is newer yet; they are what --check leaves alone.
    assert told == []
    seed = random.randrange(1000)
    after = random.Random(seed).uniform(20, 200)
    print(f"seed {seed}: killed after {after:.0f} s")
    with load(fleet, rate=20), full_size(fleet, "redis"):
        with fleet.begin(tmp_path / "killed.log", "-e", "upgrade=engine", playbook=UPGRADE) as killed:
            killed.interrupt(after, signal.SIGKILL)
        fleet.play("-e", "upgrade=engine", playbook=UPGRADE).succeeded()
    assert all(version.endswith("+later1") for found in versions(fleet).values() for version in found)
    fleet.assert_serving()
    fleet.play("-e", "upgrade=engine", playbook=UPGRADE).unchanged()
    fleet.play().unchanged()


@pytest.mark.long
def test_hosts_that_ask_for_a_reboot_get_one_in_turn(fleet):
    before = boots(fleet)
    for host in fleet.addresses:
        fleet.on(host, "touch /run/reboot-required; echo linux-image-amd64 > /run/reboot-required.pkgs")
    # A host that boots answers nobody; who asked it goes to the next one.
    with load(fleet, "--elsewhere", rate=20), full_size(fleet, "redis"):
        run = fleet.play(playbook=UPGRADE).succeeded()
    assert f"docker all {len(before)} hosts: reboot (linux-image-amd64 asks for it)" in run.changes
    after = boots(fleet)
    assert all(after[host] != before[host] for host in fleet.addresses)
    fleet.assert_serving()
    fleet.play(playbook=UPGRADE).unchanged()
    fleet.play().unchanged()
