"""A visit whose number was shown is never lost: whatever is killed meanwhile, the counter goes on from there."""

import contextlib
import json
import re
import shutil
import signal
import time

import pytest
from conftest import visits as count_of
from visits import visiting

# Long enough for a host that boots and for five replicas that start at a tenth of a CPU.
LONGEST = 420


def holder(fleet):
    """The host that has Redis' data."""
    listed = json.loads(fleet.on(fleet.manager, "docker node inspect $(docker node ls -q)"))
    (node,) = (node for node in listed if "flotilla.volume.redis" in node["Spec"]["Labels"])
    return node["Description"]["Hostname"]


def counted(fleet, seconds=LONGEST):
    """Ask all nodes until each shows a count; return the last one and the seconds that this took."""
    begin = time.monotonic()
    for address in fleet.addresses.values():
        while "Visits:</b> <i>" in (page := fleet.page(address)) or not page:
            assert time.monotonic() - begin < seconds, page
    return count_of(page), time.monotonic() - begin


@contextlib.contextmanager
def nothing_lost(fleet, what):
    """Visit all nodes while the context breaks something, then until all count again; each count is above the last."""
    with visiting(fleet) as visits:
        time.sleep(3)
        begin = time.monotonic()
        yield
        counted(fleet)
        print(f"{what}: all nodes count again after {time.monotonic() - begin:.0f} s")
        time.sleep(3)
    assert visits.counts == sorted(set(visits.counts))


def processes(fleet, host, name):
    return fleet.on(host, f"pgrep -x {name} | sort || :").split()


def kill(fleet, host, name):
    """Kill processes as the kernel would when memory is short."""
    before = processes(fleet, host, name)
    assert before
    fleet.on(host, f"kill -KILL {' '.join(before)}")
    assert not set(before) & set(processes(fleet, host, name))


def scale(fleet, size):
    fleet.on(fleet.manager, f"docker service scale --detach hello_redis={size}")


def await_redis(fleet, size):
    begin = time.monotonic()
    while fleet.services()["redis"] != size:
        assert time.monotonic() - begin < LONGEST


def test_killed_redis_loses_no_visit(fleet):
    with nothing_lost(fleet, "Redis killed"):
        kill(fleet, holder(fleet), "redis-server")


def test_without_redis_every_node_answers_soon_and_later_counts_by_itself(fleet):
    before, _ = counted(fleet)
    scale(fleet, 0)
    try:
        await_redis(fleet, "0/0")
        for address in list(fleet.addresses.values()) * 3:
            assert "counter disabled" in fleet.page(address, timeout=2)
    finally:
        scale(fleet, 1)
    await_redis(fleet, "1/1")
    after, seconds = counted(fleet, seconds=10)
    print(f"Redis is back: all nodes count again after {seconds:.1f} s")
    assert after > before


@pytest.mark.long
def test_power_cut_of_the_redis_node_loses_no_visit(fleet):
    host = holder(fleet)
    with nothing_lost(fleet, "power cut of Redis' node"):
        fleet.command("kill", host)
        time.sleep(5)
        fleet.command("boot", host)
    assert fleet.play().code == 0


@pytest.mark.long
def test_killed_engine_loses_no_visit(fleet):
    with nothing_lost(fleet, "engine of Redis' node killed"):
        kill(fleet, holder(fleet), "dockerd")
    assert fleet.play().code == 0


@pytest.mark.long
def test_all_web_tasks_killed_lose_no_visit(fleet):
    with nothing_lost(fleet, "every web task killed"):
        for host in fleet.addresses:
            fleet.on(host, "docker ps -q --filter label=com.docker.swarm.service.name=hello_web | xargs -r docker kill")
    assert fleet.play().code == 0


@pytest.mark.long
def test_power_cut_of_all_hosts_loses_no_visit(fleet):
    with nothing_lost(fleet, "power cut of all hosts"):
        for host in fleet.addresses:
            fleet.command("kill", host)
        fleet.command("up", str(len(fleet.addresses)))
    assert fleet.play().code == 0


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
    assert re.search(rf"{host} is to have the data of redis .* there is none in its hello_redis-data", refused.output)
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
    assert f"Nothing was changed: the backup in {cut} is not whole: redis.rdb was cut short" in refused.output
    misspelt = fleet.play(*restoring(backup), "-e", "stack_quux=1", playbook="playbooks/restore.yml")
    assert (misspelt.code != 0, set(misspelt.changed.values())) == (True, {0})
    assert "1 problem; nothing was changed" in misspelt.output
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
