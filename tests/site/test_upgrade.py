"""Newer packages and reboots, one host after another, while visitors come."""

import random

import pytest
from kills import assert_put_back, kill_in_each
from later_packages import publish
from sizes import full_size
from visits import load

UPGRADE = "playbooks/upgrade.yml"
ENGINE = ["docker.io", "containerd", "runc"]


def versions(fleet):
    """The version of each host's engine and of what runs beneath it."""
    command = f"dpkg-query --show --showformat '${{Version}}\n' {' '.join(ENGINE)}"
    return {host: fleet.on(host, command).split() for host in fleet.addresses}


def deleted(fleet):
    """The programs of engines that run though others were installed in their place, by host."""
    programs = "for process in $(pidof dockerd containerd); do readlink /proc/$process/exe; done"
    told = {host: fleet.on(host, programs).splitlines() for host in fleet.addresses}
    assert all(len(found) == 2 for found in told.values()), told
    return {host: found for host, found in told.items() if "(deleted)" in " ".join(found)}


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


BEFORE = ["swarm : Set aside | Move its tasks"]
AFTER = ["docker : Await | Wait until it is back", "swarm : Take back | Let tasks run on it again"]


@pytest.mark.long
def test_an_engine_upgrade_loses_no_request_also_where_it_is_killed_in_each_phase(fleet, tmp_path):
    for host in fleet.addresses:
        publish(fleet, host, ENGINE, "/srv/later", "/etc/apt/sources.list.d/later.list")
    told = fleet.play("-e", "upgrade=engine", "--check", playbook=UPGRADE).changes
    # Without fresh lists nothing is newer yet; they are what --check leaves alone.
    assert told == []
    seed = random.randrange(1000)
    print(f"seed {seed}")
    words = ("-e", "upgrade=engine")
    tasks = [*BEFORE, "docker : Change | Lead its visitors", "docker : Upgrade | Install the newer versions", *AFTER]
    with load(fleet, rate=20), full_size(fleet):
        kill_in_each(fleet, tasks, tmp_path, random.Random(seed), *words, playbook=UPGRADE)
        fleet.play(*words, playbook=UPGRADE).succeeded()
    assert all(version.endswith("+later1") for found in versions(fleet).values() for version in found)
    assert not deleted(fleet)
    fleet.assert_serving()
    fleet.play(*words, playbook=UPGRADE).unchanged()
    fleet.play().unchanged()
    assert_put_back(fleet)


@pytest.mark.long
def test_hosts_that_ask_for_a_reboot_get_one_in_turn_also_where_it_is_killed_in_each_phase(fleet, tmp_path):
    before = boots(fleet)
    for host in fleet.addresses:
        fleet.on(host, "touch /run/reboot-required; echo linux-image-amd64 > /run/reboot-required.pkgs")
    told = fleet.play("--check", playbook=UPGRADE).changes
    assert f"docker all {len(before)} hosts: reboot (linux-image-amd64 asks for it)" in told
    seed = random.randrange(1000)
    print(f"seed {seed}")
    # A host that boots answers nobody; who asked it goes to the next one.
    with load(fleet, "--elsewhere", rate=20), full_size(fleet):
        kill_in_each(
            fleet, [*BEFORE, "docker : Upgrade | Reboot", *AFTER], tmp_path, random.Random(seed), playbook=UPGRADE
        )
        fleet.play(playbook=UPGRADE).succeeded()
    after = boots(fleet)
    assert all(after[host] != before[host] for host in fleet.addresses)
    fleet.assert_serving()
    fleet.play(playbook=UPGRADE).unchanged()
    fleet.play().unchanged()
    assert_put_back(fleet)
