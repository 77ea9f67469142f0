"""Data that is lost comes back from a backup, whatever is killed meanwhile, and nothing starts empty unasked."""

import shutil
import signal

import pytest
import yaml
from test_data import counted, holder
from test_releases import status
from visits import visiting

from bench import stack
from tests.support.runs import REPOSITORY
from tests.support.wait import wait_until

# What the shipped inventory names, beside the defaults.
SHIPPED = yaml.safe_load((REPOSITORY / "inventory/group_vars/all/stacks.yml").read_text())["stacks"][stack.NAME]
DUMPS = ["-e", stack.option(backup=SHIPPED["backup"])]
DATA = f"data-{stack.NAME}_redis-data.tar.age"
BACKUP, RESTORE = "playbooks/backup.yml", "playbooks/restore.yml"


def made(fleet, folder, *words):
    """Back up into a folder, and return the backup's own."""
    run = fleet.play("-e", f"backup_dir={folder}", *words, playbook=BACKUP).succeeded()
    (backup,) = folder.iterdir()
    return backup, run


def back_up(fleet, folder):
    """Back up while visits go on, and return the backup's folder and the last count that was shown before."""
    # More than a site with an empty data set counts until it is read.
    for _ in range(10):
        before, _ = counted(fleet)
    with visiting(fleet) as visits:
        backup, _ = made(fleet, folder, *DUMPS)
    assert "disabled" not in visits.shown
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in [backup, *backup.iterdir()]} == {
        backup.name: "0o700",
        **dict.fromkeys((DATA, "images.tar.age", "releases.json.age", "manifest.json"), "0o600"),
    }
    return backup, before


def restoring(backup):
    return ["-e", f"backup_from={backup}", "-e", "restore_confirm=yes"]


def restore(fleet, backup):
    return fleet.play(*restoring(backup), playbook=RESTORE, verbose=True).succeeded()


def releases(fleet):
    return status(fleet)["releases"]


def lose_data(fleet, host):
    stopped = f"docker ps -aq --filter label=com.docker.swarm.service.name={stack.NAME}_redis"
    remove = f"{stopped} | xargs -r docker rm && docker volume rm {stack.NAME}_redis-data"
    fleet.scale("redis", 0)
    wait_until(lambda: fleet.on(host, remove, check=False).endswith("_redis-data\n"), 120)
    fleet.scale("redis", 1)


@pytest.mark.long
def test_lost_data_is_not_replaced_by_an_empty_volume_and_comes_back_from_a_backup(fleet, tmp_path):
    """A volume goes, as with a disk that is not mounted: neither Swarm nor a run begins a new count."""
    backup, before = back_up(fleet, tmp_path)
    known = releases(fleet)
    host = holder(fleet)
    lose_data(fleet, host)
    log = f"docker service logs {stack.NAME}_redis 2>&1 | grep 'no first start' || :"
    assert "No data in /data" in wait_until(lambda: fleet.on(fleet.manager, log), 120)
    assert all("counter disabled" in page for page in fleet.pages())
    refused = fleet.play().refused(f"data-lost: {host}")
    assert f"{stack.NAME}_redis-data" in refused.problems[f"data-lost: {host}"]
    fleet.play("-e", "stack_data_lost=hello_redis-data").succeeded()
    assert counted(fleet)[0] < 10
    fleet.play("-e", "stack_data_lost=hello_redis-data").unchanged()

    lose_data(fleet, host)
    unasked = fleet.play("-e", f"backup_from={backup}", playbook=RESTORE).refused()
    assert "expected is yes; -e restore_confirm=yes" in unasked.output
    cut = tmp_path / "cut"
    shutil.copytree(backup, cut)
    (cut / DATA).write_bytes((backup / DATA).read_bytes()[:-1])
    refused = fleet.play(*restoring(cut), playbook=RESTORE).refused("backup-damaged: backup_from")
    assert f"{cut}: {DATA}" in refused.problems["backup-damaged: backup_from"]
    misspelt = fleet.play(*restoring(backup), "-e", "stack_quux=1", playbook=RESTORE)
    misspelt.refused("setting-unknown: stack_quux")
    fleet.play(*restoring(backup), "--check", playbook=RESTORE).succeeded()
    assert fleet.services()["redis"] == "0/1"
    restore(fleet, backup)
    assert counted(fleet)[0] > before
    assert releases(fleet) == known
    fleet.play().succeeded()


@pytest.mark.long
def test_restore_that_was_killed_is_finished_by_the_next_one(fleet, tmp_path):
    backup, before = back_up(fleet, tmp_path)
    for moment in (
        "Copy volume | Unpack it",
        "Load images | Unpack them",
        "Wait until they have stopped",
        "Load volume | Put what was there aside",
        "Load volume | Put the copy in its place",
    ):
        log = tmp_path / "killed.log"
        with fleet.begin(log, *restoring(backup), playbook=RESTORE) as killed:
            killed.wait_for(f"{moment}]")
            killed.signal(signal.SIGKILL)
        restore(fleet, backup)
        count, seconds = counted(fleet)
        print(f"killed at {moment}: restored by the next run, {seconds:.0f} s until all nodes count")
        assert count > before
        fleet.assert_serving()
    fleet.play().unchanged()


@pytest.mark.long
def test_wiped_hosts_get_counter_and_releases_back(fleet, tmp_path):
    backup, before = back_up(fleet, tmp_path)
    known = releases(fleet)
    for host in fleet.addresses:
        fleet.command("wipe", host)
    fleet.play().succeeded()
    assert counted(fleet)[0] < before
    restore(fleet, backup)
    assert counted(fleet)[0] > before
    now = releases(fleet)
    assert now[1:] == known[: len(now) - 1]
    assert {key: now[0][key] for key in ("images", "secrets")} == {key: known[0][key] for key in ("images", "secrets")}
    fleet.play().succeeded()
    fleet.play().unchanged()


@pytest.mark.long
def test_backup_without_a_dump_stops_the_service_for_the_copy(fleet, tmp_path):
    before, _ = counted(fleet)
    backup, _ = made(fleet, tmp_path / "backups")
    assert (backup / DATA).stat().st_size > 0
    assert fleet.services()["redis"] == "1/1"
    assert counted(fleet)[0] > before
    fleet.play().unchanged()
