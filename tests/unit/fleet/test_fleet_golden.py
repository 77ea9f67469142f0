import os
import time

import pytest

from fleet import cli, golden, image, settings
from fleet import state as states
from fleet.errors import FleetError
from fleet.host import LASTING_FILES
from fleet.state import State

NAME = "serving-0123456789ab"


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setattr(settings, "home", lambda: tmp_path)
    image.folder_of("base").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def fleet(home):
    """The folder of a fleet of one host, with an open connection and a snapshot."""
    folder = home / "fleets" / "one"
    for path in (
        *(f"hosts/manager-1/{name}" for name in LASTING_FILES),
        *("hosts/manager-1/console.log", "snapshots/label/disk.cow"),
        *("ssh/id_ed25519", "ssh/open/socket", "inventory/hosts.yml", "inventory/group_vars/all/stack.yml"),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    return folder


@pytest.fixture
def state():
    return State(index=3, image="base", complete=True, hosts={"manager-1": 1536}, published=[4000], hosts_digest="d")


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_name_tells_the_kind_and_changes_with_every_ingredient():
    name = golden.name_of("serving", {"files": {"site.yml": "a"}, "hosts": 3})
    assert name.startswith("serving-")
    assert name == golden.name_of("serving", {"hosts": 3, "files": {"site.yml": "a"}})
    assert name != golden.name_of("serving", {"files": {"site.yml": "b"}, "hosts": 3})


def test_a_fleet_from_a_golden_disk_has_what_lasts_and_nothing_else(home, fleet, state):
    golden.keep(NAME, fleet, state)
    other = home / "fleets" / "other"
    taken = golden.take(NAME, other)
    lasting = {f"hosts/manager-1/{name}" for name in LASTING_FILES}
    assert files(other) == {
        *lasting,
        *("ssh/id_ed25519", "inventory/hosts.yml", "inventory/group_vars/all/stack.yml", states.FILE),
    }
    assert (other / "inventory/group_vars/all/stack.yml").read_text() == "inventory/group_vars/all/stack.yml"
    assert taken == states.load(other)
    # The ports of this machine belong to the fleet that published them; a killed command leaves it incomplete.
    assert taken == State(index=3, image="base", complete=False, hosts={"manager-1": 1536}, hosts_digest="d")


def test_of_each_kind_the_last_one_stays(fleet, state):
    for name in ("serving-one-000000000000", "serving-000000000000", NAME, NAME):
        golden.keep(name, fleet, state)
    assert {path.name for path in golden.golden_folder().iterdir()} == {"serving-one-000000000000", NAME}


def test_what_a_killed_command_left_is_no_golden_disk(fleet, state):
    golden.copy_fleet(fleet, golden.golden_folder() / f"{NAME}.new", state)
    assert not golden.exists(NAME)
    golden.keep(NAME, fleet, state)
    assert {path.name for path in golden.golden_folder().iterdir()} == {NAME}


def test_one_without_its_base_image_or_too_old_is_not_used(fleet, state):
    golden.keep(NAME, fleet, state)
    assert golden.exists(NAME)
    image.folder_of("base").rmdir()
    assert not golden.exists(NAME)
    image.folder_of("base").mkdir()
    old = time.time() - golden.LONGEST_LIFE - 60
    os.utime(golden.golden_folder() / NAME, (old, old))
    with pytest.raises(FleetError, match=f"there is no golden disk {NAME} to boot from, there are: {NAME}; run"):
        golden.load(NAME)


@pytest.mark.parametrize("words", [["up"], ["up", "3", "--from", NAME]])
def test_up_wants_a_number_or_a_golden_disk(words, capsys):
    with pytest.raises(SystemExit):
        cli.main(words)
    assert "expected either the number of hosts or --from GOLDEN" in capsys.readouterr().err
