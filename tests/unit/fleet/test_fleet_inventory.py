import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from fleet import inventory, settings
from fleet.errors import FleetError
from fleet.fleet import Fleet
from fleet.state import State

ADDRESSES = {"manager-1": "10.77.0.11", "worker-1": "10.77.0.101", "worker-2": "10.77.0.102"}
FLEET = Path("/srv/fleets/demo")
NAMESPACE = Path("/run/netns/flotilla-demo")


def test_hosts_are_in_the_groups_that_the_playbooks_want():
    assert yaml.safe_load(inventory.hosts_text(ADDRESSES)) == {
        "swarm": {
            "children": {
                "managers": {"hosts": {"manager-1": {"ansible_host": "10.77.0.11"}}},
                "workers": {
                    "hosts": {
                        "worker-1": {"ansible_host": "10.77.0.101"},
                        "worker-2": {"ansible_host": "10.77.0.102"},
                    }
                },
            }
        },
        "registry": {"hosts": {"manager-1": None}},
    }


def test_a_fleet_without_workers_has_an_empty_group():
    groups = yaml.safe_load(inventory.hosts_text({"manager-1": "10.77.0.11"}))
    assert groups["swarm"]["children"]["workers"] == {"hosts": {}}


def test_connection_reaches_hosts_through_the_namespace_and_checks_their_keys():
    variables = yaml.safe_load(inventory.connection_text(FLEET, NAMESPACE))
    words = shlex.split(variables.pop("ansible_ssh_common_args"))
    assert "ProxyCommand=nsenter --net=/run/netns/flotilla-demo nc %h %p" in words
    assert "UserKnownHostsFile=/srv/fleets/demo/ssh/known_hosts" in words
    assert "StrictHostKeyChecking=yes" in words
    assert variables == {
        "ansible_user": "admin",
        "ansible_ssh_private_key_file": "/srv/fleets/demo/ssh/id_ed25519",
        "ansible_control_path_dir": "/srv/fleets/demo/ssh/open",
        "ansible_python_interpreter": "/usr/bin/python3",
    }


def test_known_hosts_has_a_line_for_each_address_without_comments():
    keys = {
        "10.77.0.11": "ssh-ed25519 AAAA manager-1\n",
        "10.77.0.101": "ssh-ed25519 BBBB worker-1\n",
    }
    assert inventory.known_hosts_text(keys) == ("10.77.0.11 ssh-ed25519 AAAA\n10.77.0.101 ssh-ed25519 BBBB\n")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "hosts.yml"


def test_a_new_inventory_is_written(path):
    assert inventory.write_hosts(path, "new", None) == inventory.digest("new")
    assert path.read_text() == "new"


def test_an_untouched_inventory_follows_the_fleet(path):
    digest = inventory.write_hosts(path, "old", None)
    assert inventory.write_hosts(path, "new", digest) == inventory.digest("new")
    assert path.read_text() == "new"


def test_an_edited_inventory_is_left_alone(path):
    digest = inventory.write_hosts(path, "old", None)
    path.write_text("edited")
    assert inventory.write_hosts(path, "new", digest) is None
    assert path.read_text() == "edited"


def test_an_inventory_edited_to_what_it_should_be_counts_as_written(path):
    digest = inventory.write_hosts(path, "old", None)
    path.write_text("new")
    assert inventory.write_hosts(path, "new", digest) == inventory.digest("new")


def test_hosts_that_an_edited_inventory_lacks_are_named():
    text = inventory.hosts_text({"manager-1": "10.77.0.11", "worker-2": "10.77.0.102"})
    assert inventory.missing_lines(text, ADDRESSES) == ["worker-1: {ansible_host: 10.77.0.101}"]


@pytest.fixture
def checkout(monkeypatch, tmp_path):
    monkeypatch.setattr(settings, "CHECKOUT", tmp_path)
    monkeypatch.setattr(settings, "home", lambda: tmp_path / "home")
    return tmp_path


def written(name):
    """A fleet without hosts, whose inventory was written."""
    fleet = Fleet(name)
    fleet.folder.mkdir(parents=True)
    fleet.write_inventory(State(index=0, image="base"))
    return fleet


def test_inventory_of_the_demo_lies_in_the_checkout_too(checkout):
    fleet = written("demo")
    hosts = checkout / "inventory-demo" / "hosts.yml"
    hosts.write_text("edited")
    assert (fleet.inventory / "hosts.yml").read_text() == "edited"
    assert (checkout / "inventory-demo/group_vars/all/connection.yml").exists()


def test_inventories_of_other_fleets_do_not(checkout):
    written("other")
    assert not (checkout / "inventory-demo").is_symlink()


def test_link_of_an_older_checkout_or_demo_is_replaced(checkout):
    (checkout / "inventory-demo").symlink_to(checkout / "gone")
    assert written("demo").inventory.samefile(checkout / "inventory-demo")


def test_what_a_person_put_at_its_place_stays_and_is_named(checkout):
    (checkout / "inventory-demo").mkdir()
    with pytest.raises(FleetError, match="inventory-demo is in the way of the link"):
        written("demo")
    assert (checkout / "inventory-demo").is_dir()


def test_link_goes_with_its_fleet_alone(checkout):
    fleet = written("demo")
    inventory.unlink(fleet.link, checkout / "other")
    assert fleet.link.is_symlink()
    inventory.unlink(fleet.link, fleet.inventory)
    assert not fleet.link.is_symlink()


def test_link_is_ignored_by_git_and_not_read_by_default():
    assert subprocess.run(["git", "check-ignore", "--quiet", inventory.LINK], check=False).returncode == 0
    assert "\ninventory = inventory\n" in Path("ansible.cfg").read_text()
