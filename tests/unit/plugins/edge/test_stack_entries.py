"""The stacks of an inventory, with their files."""

from pathlib import Path

import pytest
import yaml
from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge.stack_entries import RunRequest, read_entry

FILE = "services: {web: {image: x, ports: ['${PORT}:80']}}\n"
EVERYTHING = RunRequest()


@pytest.fixture
def inventory(tmp_path):
    """An inventory beside a folder with a stack file."""
    (tmp_path / "inventory").mkdir()
    (tmp_path / "app").mkdir()
    (tmp_path / "app/stack.yml").write_text(FILE)
    return tmp_path / "inventory"


def test_path_begins_at_the_inventory_also_where_that_is_a_link(inventory, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/real").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "elsewhere/real")
    entry = {"file": "../app/stack.yml", "environment": {"PORT": 4000}}
    for folder in (inventory, tmp_path / "linked"):
        assert read_entry("shop", entry, str(folder), EVERYTHING)["folder"] == str(tmp_path / "app")


def test_shipped_inventory_names_the_shipped_stack():
    stacks = yaml.safe_load(Path("inventory/group_vars/all/stacks.yml").read_text())["stacks"]
    (found,) = (read_entry(name, entry, "inventory", EVERYTHING) for name, entry in stacks.items())
    assert (found["name"], found["folder"], found["page_port"]) == ("hello", "app", 4000)


def test_ports_are_those_that_the_inventory_says(inventory):
    found = read_entry("shop", {"file": "../app/stack.yml", "environment": {"PORT": 81}}, str(inventory), EVERYTHING)
    assert (found["ports"], found["page_port"], found["text"]) == ([81], 81, FILE)


@pytest.mark.parametrize(("chosen", "release"), [([], 3), (["shop"], 3), (["hello"], 0)])
def test_what_a_run_is_asked_for_is_for_the_stacks_that_it_is_about(inventory, chosen, release):
    request = RunRequest(chosen=chosen, rotate=["key"], lost=["db"], release=3)
    entry = {"file": "../app/stack.yml", "environment": {"PORT": 81}}
    found = read_entry("shop", entry, str(inventory), request)
    assert (found["release"], found["rotate"]) == (release, ["key"] * bool(release))
