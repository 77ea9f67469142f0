"""What volumes a host has, and what is in them."""

import os

import pytest
from ansible_collections.flotilla.swarm.plugins.module_utils import host, volumes
from test_running_stacks import NAMESPACE, Engine


def test_volumes_are_told_by_stack(tmp_path):
    owners = {"hello_data": "hello", "shop_data": "shop", "other_data": "other"}
    (tmp_path / "file").touch()
    listed = [
        {"Name": name, "Labels": {NAMESPACE: stack}, "Mountpoint": str(tmp_path)} for name, stack in owners.items()
    ]
    found = volumes.of_stacks(Engine(volumes={"Volumes": listed}), ["hello", "shop", "new"])
    assert found == {"hello": {"hello_data": True}, "shop": {"shop_data": True}, "new": {}}
    assert volumes.of_stacks(Engine(volumes={"Volumes": None}), ["hello"]) == {"hello": {}}
    foreign = [{"Name": "own", "Labels": None, "Mountpoint": str(tmp_path)}, {"Name": "nfs", "Mountpoint": ""}]
    assert volumes.filled(Engine(volumes={"Volumes": [*listed, *foreign]})) == (*owners, "own")


def test_volumes_of_stacks_are_measured_by_what_a_copy_of_them_takes(tmp_path):
    (tmp_path / "holes").touch()
    os.truncate(tmp_path / "holes", 5 * 2**20)
    owners = {"hello_data": "hello", "other_data": "other"}
    listed = [
        {"Name": name, "Labels": {NAMESPACE: stack}, "Mountpoint": str(tmp_path)} for name, stack in owners.items()
    ]
    assert volumes.sizes(host.run, Engine(volumes={"Volumes": listed}), ["hello"]) in (
        {"hello_data": 5},
        {"hello_data": 6},
    )
    listed[0]["Mountpoint"] = str(tmp_path / "gone")
    assert volumes.sizes(host.run, Engine(volumes={"Volumes": listed}), ["hello"]) == {"hello_data": 0}


@pytest.mark.parametrize(
    ("entries", "filled"),
    [([], False), (["lost+found"], False), (["flotilla-backup"], False), (["lost+found", "a"], True)],
)
def test_volume_is_filled_by_more_than_its_file_system_and_a_dump_put_there(tmp_path, entries, filled):
    for name in entries:
        (tmp_path / name).touch()
    assert volumes._is_filled(str(tmp_path)) is filled


def test_volume_without_its_folder_is_empty(tmp_path):
    assert not volumes._is_filled(str(tmp_path / "gone"))


def test_volume_elsewhere_counts_as_filled():
    assert volumes._is_filled("")


def untouched(folder, mounts=""):
    return volumes.untouched(Engine(volumes={"Volumes": [{"Name": "data", "Mountpoint": str(folder)}]}), mounts)


def test_volume_that_nothing_was_ever_in_is_told_with_its_time(tmp_path):
    folder = tmp_path / "data/_data"
    folder.mkdir(parents=True)
    made = folder.parent.stat().st_mtime
    assert untouched(folder) == {"data": made}
    # As the image that mounts it first has its folder.
    os.utime(folder, (1, 1))
    assert untouched(folder) == {"data": made}
    (folder / "file").touch()
    assert untouched(folder) == {}
    (folder / "file").unlink()
    os.utime(folder, (made + 60, made + 60))
    assert untouched(folder) == {}
    assert untouched(tmp_path / "gone") == {}


def test_volume_beneath_a_file_system_that_is_missing_is_none_of_them(tmp_path):
    folder = tmp_path / "data/_data"
    folder.mkdir(parents=True)
    assert untouched(folder, f"UUID=1 / ext4 defaults 0 1\n/dev/vdb {tmp_path}/other ext4 defaults 0 2") != {}
    assert untouched(folder, f"/dev/vdb {tmp_path}/data ext4 defaults 0 2") == {}
    assert untouched(folder, f"[Mount]\nWhat=/dev/vdb\nWhere={folder}\n") == {}
