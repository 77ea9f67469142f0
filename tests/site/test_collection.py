"""The collection, built and installed: every playbook by its name, beside an inventory and no ansible.cfg of ours."""

import shutil

import pytest

from bench import stack
from tests.support import collection
from tests.support.runs import REPOSITORY, playbook, run

pytestmark = pytest.mark.long

# What would be of our files: groups that an inventory does without, old ways of Ansible, names taken twice.
WARNINGS = ("[WARNING]", "[DEPRECATION WARNING]")


@pytest.fixture(scope="module")
def fleet(serving):
    """A fleet of its own: its site is torn down in the end."""
    fleet = serving("serving", 3)
    yield fleet
    fleet.command("down")


@pytest.fixture(scope="module")
def play(fleet, tmp_path_factory):
    """Run playbooks of the installed collection from an empty folder."""
    folder = tmp_path_factory.mktemp("collection")
    environment = collection.install(collection.build(folder), folder / "collections")
    empty = tmp_path_factory.mktemp("empty")

    def play(name, *words):
        done = run(*playbook(fleet.inventory, f"flotilla.swarm.{name}", *words), folder=empty, environment=environment)
        assert [warning for warning in WARNINGS if warning in done.output] == []
        assert list(empty.iterdir()) == []
        return done

    return play


def last_words(run):
    """The last lines before the recap."""
    before, _recap, _after = run.output.partition("\nPLAY RECAP ")
    return before.split("\nTASK [")[-1]


def page_addresses(fleet):
    return [f"http://{address}:{stack.PORT}/" for address in fleet.addresses.values()]


@pytest.mark.parametrize("name", ["site", "deploy"])
def test_second_run_changes_nothing_and_ends_with_the_report(fleet, play, name):
    report = last_words(play(name).unchanged())
    assert [address for address in page_addresses(fleet) if address not in report] == []
    assert f"{stack.WEB} " in report


def test_status_finds_no_problem(fleet, play):
    status = last_words(play("status").unchanged())
    assert "No problem found, and all is as the inventory says." in status
    assert [name for name in fleet.addresses if name not in status] == []


def test_problems_can_be_read(play):
    refused = play("site", "-e", stack.option(timeout="soon"), "-e", "stack_qux=1")
    refused.refused("setting-unknown: stack_qux, all 3 hosts", "setting-invalid: stacks: hello.timeout, all 3 hosts")
    # In lines of their own, not within a task's JSON.
    assert "\n  1. setting-" in refused.output


@pytest.mark.parametrize("place", ["relative", "absolute"])
def test_app_is_where_a_setting_says(fleet, play, place, request):
    app = fleet.inventory.parent / "an-app"
    shutil.copytree(REPOSITORY / "app", app)
    request.addfinalizer(lambda: shutil.rmtree(app))
    where = "../an-app" if place == "relative" else str(app)
    own = ("-e", stack.option(where))
    # The same content has the same name.
    play("site", *own).unchanged()
    (app / "stack.yml").unlink()
    play("site", *own).refused("stack-file-invalid: stacks.hello.files")


def test_release_is_deployed_and_rolled_back(fleet, play):
    deployed = play("deploy", "-e", stack.option(environment={"NAME": "Collection"})).succeeded()
    assert sum(deployed.changed.values())
    assert "Hello Collection!" in fleet.page(fleet.addresses[fleet.manager])
    assert page_addresses(fleet)[0] in last_words(deployed)
    assert page_addresses(fleet)[0] in last_words(play("rollback").succeeded())
    assert "Hello World!" in fleet.page(fleet.addresses[fleet.manager])


def test_tasks_are_spread(fleet, play):
    play("rebalance").succeeded()
    fleet.assert_serving()


def test_backup_comes_back(fleet, play, tmp_path):
    play("backup", "-e", f"backup_dir={tmp_path}").succeeded()
    (backup,) = tmp_path.iterdir()
    restored = play("restore", "-e", f"backup_from={backup}", "-e", "restore_confirm=yes").succeeded()
    assert page_addresses(fleet)[0] in last_words(restored)
    fleet.assert_serving()


def test_tear_down_tells_what_went(fleet, play):
    assert "Removed: the swarm" in last_words(play("reset", "-e", "reset_confirm=yes").succeeded())
    assert fleet.page(fleet.addresses[fleet.manager]) == ""
