"""Data that is lost comes back from a backup, whatever is killed meanwhile, and nothing begins anew unasked."""

import json
import shutil
import signal
import time

import pytest
from test_data import counted, holder, scale
from visits import visiting


def back_up(fleet, folder):
    """Back up while visits go on, and return the backup's folder and the last count that was shown before."""
    # More than a site that begins anew comes to until it is looked at.
    for _ in range(10):
        before, _ = counted(fleet)
    with visiting(fleet) as visits:
        run = fleet.play("-e", f"backup_dir={folder}", playbook="playbooks/backup.yml")
    assert run.code == 0
    assert "disabled" not in visits.shown
    (backup,) = folder.iterdir()
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in [backup, *backup.iterdir()]} == {
        backup.name: "0o700",
        **dict.fromkeys(("redis.rdb", "registry.tar", "releases.json"), "0o600"),
    }
    return backup, before


def restoring(backup):
    return ["-e", f"backup_from={backup}", "-e", "restore_confirm=yes"]


def restore(fleet, backup):
    run = fleet.play(*restoring(backup), playbook="playbooks/restore.yml", verbose=True)
    assert run.code == 0
    return run


def releases(fleet):
    run = fleet.play("-e", "status_format=json", playbook="playbooks/status.yml")
    return json.loads(run.output.splitlines()[-1])["releases"]


def lose_data(fleet, host):
    scale(fleet, 0)
    fleet.on(
        host,
        "until docker ps -aq --filter label=com.docker.swarm.service.name=hello_redis | xargs -r docker rm && "
        "docker volume rm hello_redis-data; do sleep 1; done",
    )
    scale(fleet, 1)


@pytest.mark.long
def test_lost_data_is_not_begun_anew_by_itself_and_comes_back_from_a_backup(fleet, tmp_path):
    """A volume goes, as with a disk that is not mounted: neither Swarm nor a run begins a new count."""
    backup, before = back_up(fleet, tmp_path)
    known = releases(fleet)
    host = holder(fleet)
    lose_data(fleet, host)
    for _ in range(60):
        log = fleet.on(fleet.manager, "docker service logs hello_redis 2>&1 | grep 'no first start' || :")
        if log:
            break
        time.sleep(1)
    assert "No data in /data" in log
    assert all("counter disabled" in fleet.page(address) for address in fleet.addresses.values())
    refused = fleet.play()
    assert (refused.code != 0, set(refused.changed.values())) == (True, {0})
    assert f"1. data-lost: {host}" in refused.output
    assert "no data in hello_redis-data" in refused.output
    accepted = fleet.play("-e", "stack_data_lost=redis")
    assert accepted.code == 0
    assert counted(fleet)[0] < 10
    again = fleet.play("-e", "stack_data_lost=redis")
    assert (again.code, set(again.changed.values())) == (0, {0})

    lose_data(fleet, host)
    unasked = fleet.play("-e", f"backup_from={backup}", playbook="playbooks/restore.yml")
    assert (unasked.code != 0, set(unasked.changed.values())) == (True, {0})
    assert "not 'yes'" in unasked.output
    cut = tmp_path / "cut"
    shutil.copytree(backup, cut)
    (cut / "redis.rdb").write_bytes((backup / "redis.rdb").read_bytes()[:-1])
    refused = fleet.play(*restoring(cut), playbook="playbooks/restore.yml")
    assert (refused.code != 0, set(refused.changed.values())) == (True, {0})
    assert "1. backup-damaged: backup_from" in refused.output
    assert f"{cut}: redis.rdb was cut short" in refused.output
    misspelt = fleet.play(*restoring(backup), "-e", "stack_quux=1", playbook="playbooks/restore.yml")
    assert (misspelt.code != 0, set(misspelt.changed.values())) == (True, {0})
    assert "1 problem, nothing was changed" in misspelt.output
    planned = fleet.play(*restoring(backup), "--check", playbook="playbooks/restore.yml")
    assert planned.code == 0
    assert fleet.services()["redis"] == "0/1"
    restore(fleet, backup)
    assert counted(fleet)[0] > before
    assert releases(fleet) == known
    assert fleet.play().code == 0


@pytest.mark.long
def test_restore_that_was_killed_is_finished_by_the_next_one(fleet, tmp_path):
    backup, before = back_up(fleet, tmp_path)
    for moment in (
        "Copy the dump",
        "Unpack the registry's images",
        "Wait until it has stopped",
        "Put what was there aside",
    ):
        log = tmp_path / "killed.log"
        with fleet.begin(log, *restoring(backup), playbook="playbooks/restore.yml") as killed:
            killed.wait_for(f"{moment}]")
            killed.signal(signal.SIGKILL)
        restore(fleet, backup)
        count, seconds = counted(fleet)
        print(f"killed at {moment}: restored by the next run, {seconds:.0f} s until all nodes count")
        assert count > before
        assert fleet.services() == {"web": "5/5", "redis": "1/1"}
    assert set(fleet.play().changed.values()) == {0}


@pytest.mark.long
def test_wiped_hosts_get_counter_and_releases_back(fleet, tmp_path):
    backup, before = back_up(fleet, tmp_path)
    known = releases(fleet)
    for host in fleet.addresses:
        fleet.command("wipe", host)
    assert fleet.play().code == 0
    assert counted(fleet)[0] < before
    restore(fleet, backup)
    assert counted(fleet)[0] > before
    now = releases(fleet)
    assert now[1:] == known[: len(now) - 1]
    assert {key: now[0][key] for key in ("images", "secrets")} == {key: known[0][key] for key in ("images", "secrets")}
    assert fleet.play().code == 0
    again = fleet.play()
    assert (again.code, set(again.changed.values())) == (0, {0})
