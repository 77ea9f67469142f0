"""A backup that lay where others could write is refused, and what a container plants in a volume is not followed."""

import hashlib
import json
import shutil
import subprocess
import tarfile

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.backup import folder as backups
from ansible_collections.flotilla.swarm.plugins.plugin_utils.backup import key as keys
from test_data import counted
from test_restore import DATA, RESTORE, back_up, made, restore, restoring

from bench import stack


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


def planted(backup, key):
    """A copy with another record of releases, encrypted as any host can, and sums that fit; the seal needs the key."""
    folder = copied(backup, "planted")
    manifest = json.loads((folder / "manifest.json").read_text())
    record = folder / "releases.json.age"
    subprocess.run(["age", "-e", "-i", key.path, "-o", record], input=b'{"stacks": {}, "volumes": {}}', check=True)
    manifest["files"][record.name] = hashlib.sha256(record.read_bytes()).hexdigest()
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
        "backup-damaged": [(altered, ()), (cut, ()), (planted(backup, key), ())],
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
