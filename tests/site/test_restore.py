"""Data that is lost comes back from a backup, whatever is killed meanwhile, and nothing starts empty unasked."""

import json
import shutil
import signal
import subprocess
import tarfile

import pytest
import yaml
from ansible_collections.flotilla.swarm.plugins.plugin_utils.backup import folder as backups
from ansible_collections.flotilla.swarm.plugins.plugin_utils.backup import key as keys
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


def tasks(fleet):
    """The tasks of all stacks that run, by their IDs."""
    listed = "docker node ps --quiet --no-trunc --filter desired-state=running $(docker node ls -q)"
    return set(fleet.on(fleet.manager, listed).split())


def copied(backup, name):
    """A copy of a backup, to be altered."""
    return shutil.copytree(backup, backup.parent / name)


def with_member(backup, key, member):
    """A copy of a backup that a stolen host has packed: all of it fits, but for a member of an archive."""
    folder = copied(backup, member.name.replace("/", "_").replace(".", "_"))
    plain = folder / "plain.tar"
    with tarfile.open(plain, "w") as tar:
        tar.addfile(member)
    subprocess.run(["age", "-e", "-i", key.path, "-o", folder / DATA, plain], check=True)
    plain.unlink()
    manifest = backups.manifest(folder, json.loads((backup / "manifest.json").read_text())["at"], key)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def link(name, target):
    found = tarfile.TarInfo(name)
    found.type, found.linkname = tarfile.SYMTYPE, target
    return found


@pytest.mark.long
def test_backup_that_cannot_be_trusted_is_refused_and_nothing_is_changed(fleet, tmp_path):
    backup, before = back_up(fleet, tmp_path / "backups")
    running, key = tasks(fleet), keys.read_key((fleet.inventory / "../backup.key").resolve())
    altered, other = copied(backup, "altered"), tmp_path / "other.key"
    content = bytearray((altered / DATA).read_bytes())
    content[len(content) // 2] ^= 1
    (altered / DATA).write_bytes(content)
    cut = copied(backup, "cut")
    (cut / "images.tar.age").write_bytes((backup / "images.tar.age").read_bytes()[:-100])
    subprocess.run(["age-keygen", "-o", other], check=True)
    attempts = {
        "backup-damaged": [(altered, ()), (cut, ())],
        "backup-other-site": [(backup, ("-e", f"backup_key_file={other}"))],
        "backup-too-old": [(backup, ("-e", "backup_newer_than=2100"))],
        "backup-unsafe": [
            (with_member(backup, key, tarfile.TarInfo("../escaped")), ()),
            (with_member(backup, key, link("link", "/etc")), ()),
        ],
    }
    for code, folders in attempts.items():
        for folder, words in folders:
            refused = fleet.play(*restoring(folder), *words, playbook=RESTORE).refused(f"{code}: backup_from")
            print(refused.problems)
    assert tasks(fleet) == running
    for host in fleet.addresses:
        assert "escaped" not in fleet.on(host, "find /var/lib/docker/volumes -name escaped")
    assert counted(fleet)[0] > before
    restore(fleet, backup)
    assert counted(fleet)[0] > before


# A stack whose data no dump is named for, and which no service of its own reads.
NOTES = """\
services:
  store:
    image: redis:8
    entrypoint: [sh, -euc]
    command: ["trap 'exit 0' TERM; while :; do sleep 1; done"]
    user: "999:999"
    volumes: ["notes:/data"]
volumes:
  notes:
"""
WRITE = """
cd /var/lib/docker/volumes/notes_notes/_data
echo 'nobody else may read this' >note
chown 999:999 note && chmod 0640 note
ln -s note inside
ln -s /etc/shadow outside
mkfifo pipe
"""
# As a container may that means harm: links where a run of root is to write.
SPOIL = """
cd /var/lib/docker/volumes/notes_notes/_data
echo spoilt >note
rm inside
ln -s /root flotilla-restore
ln -s /root flotilla-backup
"""
SHOW = "cd /var/lib/docker/volumes/notes_notes/_data && cat note && readlink inside && stat -c '%u %a' note && ls"


@pytest.mark.long
def test_volume_of_any_stack_is_saved_and_comes_back_and_no_link_is_followed(fleet, tmp_path):
    (tmp_path / "compose.yml").write_text(NOTES)
    stacks = json.loads(stack.option())["stacks"]
    given = ["-e", json.dumps({"stacks": {**stacks, "notes": {"path": str(tmp_path)}}})]
    fleet.play(*given).succeeded()
    (host,) = fleet.on(fleet.manager, "docker service ps --format '{{.Node}}' notes_store").split()
    fleet.on(host, WRITE)
    backup, run = made(fleet, tmp_path / "backups", *given, "-e", "stack=notes")
    assert "outside" in run.output
    assert "pipe" in run.output
    assert "inside" not in run.output
    assert {path.name for path in backup.iterdir()} >= {"data-notes_notes.tar.age"}
    assert not any(b"nobody else" in path.read_bytes() for path in backup.iterdir())
    assert fleet.services()["notes_store"] == "1/1"

    fleet.on(host, SPOIL)
    before = fleet.on(host, "find /root | sort")
    others = tasks(fleet) - set(fleet.on(fleet.manager, "docker service ps --quiet --no-trunc notes_store").split())
    assert others
    fleet.play(*restoring(backup), *given, "-e", "stack=notes", playbook=RESTORE).succeeded()
    assert fleet.on(host, SHOW).splitlines() == ["nobody else may read this", "note", "999 640", "inside", "note"]
    assert fleet.on(host, "find /root | sort") == before
    assert others <= tasks(fleet)
    fleet.play().succeeded()
    fleet.play("-e", "stack=notes", "-e", "remove_data=true", playbook="playbooks/remove.yml").succeeded()
    fleet.play().unchanged()


@pytest.mark.long
def test_backup_without_a_dump_stops_the_service_for_the_copy(fleet, tmp_path):
    before, _ = counted(fleet)
    backup, _ = made(fleet, tmp_path / "backups")
    assert (backup / DATA).stat().st_size > 0
    assert fleet.services()["redis"] == "1/1"
    assert counted(fleet)[0] > before
    fleet.play().unchanged()
