import collections
import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from fleet import prerequisites
from fleet.errors import FleetError

REPOSITORY = Path(__file__).parents[3]
Usage = collections.namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def machine(monkeypatch, tmp_path):
    """A machine that has all it takes; a test takes one thing away."""
    tun = tmp_path / "tun"
    tun.touch()
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(prerequisites, "TUN", tun)
    monkeypatch.setattr(prerequisites, "FILES", {tun: "libc6-dev"})
    monkeypatch.setattr(prerequisites, "available_memory", lambda: 8192)
    monkeypatch.setattr(shutil, "which", lambda command, path: f"/usr/bin/{command}")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 100 * 2**30))
    return monkeypatch


def room(booting=3, new=3, memory=1536, with_image=True):
    prerequisites.check_room(booting, new, memory, Path("/"), with_image)


def message(check):
    with pytest.raises(FleetError) as caught:
        check()
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_machine_that_has_all_passes():
    prerequisites.check_machine()
    room()


def test_another_architecture_is_refused(machine):
    machine.setattr(platform, "machine", lambda: "aarch64")
    assert "expected Linux on x86_64" in message(prerequisites.check_machine)


def test_old_python_is_told_with_the_command_that_fixes_it(machine):
    machine.setattr(prerequisites.sys, "version_info", (3, 11, 7, "final", 0))
    assert "expected 3.12 or newer" in message(prerequisites.check_machine)


def test_an_ordinary_user_is_told_of_sudo(machine):
    machine.setattr(os, "geteuid", lambda: 1000)
    assert "expected root" in message(prerequisites.check_machine)


def test_a_missing_tun_device_is_made_with_mknod(machine, tmp_path):
    machine.setattr(prerequisites, "TUN", tmp_path / "missing")
    assert "mknod" in message(prerequisites.check_machine)


def test_missing_packages_are_named_with_the_command_that_installs_them(machine, tmp_path):
    machine.setattr(shutil, "which", lambda command, path: command if command == "ip" else None)
    machine.setattr(prerequisites, "FILES", {tmp_path / "missing.h": "libc6-dev"})
    packages = [package for package in prerequisites.packages() if package != "iproute2"]
    assert message(prerequisites.check_machine).endswith(
        "run: apt-get install -y --no-install-recommends " + " ".join(packages)
    )


def test_too_little_memory_is_answered_with_an_amount_that_fits(machine):
    machine.setattr(prerequisites, "available_memory", lambda: 3 * 1024 + 512)
    assert "run again with --memory 1024, or" in message(room)
    room(memory=1024)


def test_too_many_hosts_for_the_memory_are_answered_with_fewer():
    assert "run again for fewer hosts, or" in message(lambda: room(booting=40, new=40))


def test_hosts_too_small_for_the_engine_are_refused():
    assert "--memory 512" in message(lambda: room(memory=100))


def test_a_small_dev_shm_is_remounted(machine):
    machine.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 64 * 2**20))
    assert "run: mount -o remount,size=" in message(room)


def test_too_little_disk_is_answered_with_another_place(machine):
    def usage(path):
        return Usage(0, 0, (100 if path == prerequisites.SHM else 1) * 2**30)

    machine.setattr(shutil, "disk_usage", usage)
    assert "FLOTILLA_FLEET_HOME" in message(room)


def test_a_fleet_that_runs_already_needs_no_room(machine):
    machine.setattr(prerequisites, "available_memory", lambda: 0)
    room(booting=0, new=0, with_image=False)


def test_the_list_of_packages_needs_nothing_but_a_bare_python():
    done = subprocess.run(
        ["/usr/bin/python3", "-I", "-S", "-c", PRINT_PACKAGES, str(REPOSITORY)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == prerequisites.packages()


PRINT_PACKAGES = """
import sys
sys.path.insert(0, sys.argv[1])
from fleet.cli import main
sys.exit(main(["prerequisites"]))
"""
