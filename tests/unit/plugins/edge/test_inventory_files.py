"""Where variables stand in the inventory's files, and keys that stand there twice."""

import pytest
from ansible._internal._datatag._tags import Origin
from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge.inventory_files import read_files

from tests.support.problems import told


@pytest.fixture
def inventory(tmp_path, monkeypatch):
    """An inventory as a folder, which is where the operator is."""
    for path, text in {
        "hosts.yml": "swarm:\n  hosts:\n    m1: {registry_url: one}\n",
        "group_vars/all/own.yml": "stack_release: 5\ndocker_daemon_options:\n  A: 1\n  B: 2\n  A: 3\n",
        "group_vars/all/secret.yml": "$ANSIBLE_VAULT;1.1;AES256\n3132\n",
        "group_vars/swarm": "a: &a {X: 1}\nb: &b {Z: 1}\nc: {<<: *a, <<: *b, Y: !vault abc}\nstack_release: 6\n",
        "host_vars/m1.yml": "docker_version: null\n",
        "group_vars/all/broken.yml": "a: [\n",
        "group_vars/all/.hidden.yml": "a: 1\na: 2\n",
        "notes.txt": "a: 1\na: 2\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("source", ["", "hosts.yml"])
def test_second_key_is_named_with_file_and_line(inventory, source):
    read = read_files([str(inventory / source)])
    assert told(read.problems) == ["setting-duplicate: A (group_vars/all/own.yml:5)"]
    assert "line 3" in read.problems[0].found


def test_file_that_is_named_after_a_role_is_a_problem(inventory):
    """One of another name may be for the group of another inventory."""
    for name in ("stack.yml", "other.yml", "registry.yml"):
        (inventory / "group_vars" / name).write_text("stack_release: 7\n")
    found = read_files([str(inventory)]).without_group(["all", "swarm", "registry"], ["stack", "swarm", "registry"])
    assert told([*found]) == ["setting-unused: group_vars (group_vars/stack.yml)"]


def test_source_that_is_no_file_has_nothing(tmp_path):
    assert read_files([str(tmp_path / "missing"), "m1,"]).problems == []


def test_place_is_what_ansible_marked_else_the_only_one(inventory):
    read = read_files([str(inventory)])
    assert read.place("docker_version", None) == "host_vars/m1.yml:1"
    assert read.place("registry_url", None) == "hosts.yml:3"
    assert read.place("stack_release", None) == ""
    marked = Origin(path=str(inventory / "group_vars/swarm"), line_num=4).tag("6")
    assert read.place("stack_release", marked) == "group_vars/swarm:4"
    assert read.place("stack_release", Origin(description="<CLI option '-e'>").tag("6")) == "CLI option '-e'"


def test_place_in_an_inventory_that_is_a_link_has_the_path_that_was_given(inventory):
    """Ansible marks values of group_vars with the file's real path."""
    (inventory / "link").symlink_to(inventory / "real")
    (inventory / "real/group_vars").mkdir(parents=True)
    marked = Origin(path=str(inventory / "real/group_vars/all.yml"), line_num=4).tag("6")
    assert read_files(["link"]).place("stack_release", marked) == "link/group_vars/all.yml:4"
    assert read_files(["real"]).place("stack_release", marked) == "real/group_vars/all.yml:4"
