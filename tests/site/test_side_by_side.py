"""Apps of several languages and a second copy of the shipped one, side by side; one of them goes back alone."""

import pytest

from bench import stack
from tests.site.apps import PORTS, copy_sizes, settings

NAMES = ("copy", "board", "guide")
SIZES = {
    "board_web": 2,
    "board_db": 1,
    "guide_front": 2,
    "guide_php": 1,
}


def tasks(fleet, *names):
    """The tasks of stacks that run, by their IDs."""
    each = (fleet.on("manager-1", f"docker stack ps --quiet --filter desired-state=running {name}") for name in names)
    return set(" ".join(each).split())


def pages(fleet, name):
    """What the nodes show of a stack, one after another."""
    return [page.strip() for page in fleet.pages(port=PORTS[name])]


@pytest.mark.long
def test_apps_of_several_languages_run_side_by_side_and_one_goes_back_alone(fleet):
    before = tasks(fleet, stack.NAME)
    fleet.play("-e", settings(*NAMES)).succeeded()
    fleet.assert_serving(**SIZES, **copy_sizes(len(fleet.addresses)))
    assert all("Hello Copy!" in page for page in pages(fleet, "copy"))
    assert [page.split(",")[0] for page in pages(fleet, "board")] == ["line 1", "line 2", "line 3"]
    assert all(page.startswith("Guide, by PHP 8") for page in pages(fleet, "guide"))
    fleet.play("-e", settings(*NAMES)).unchanged()
    assert tasks(fleet, stack.NAME) == before

    handbook = settings(*NAMES, guide={"TITLE": "Handbook"})
    others = tasks(fleet, stack.NAME, "copy", "board")
    fleet.play("-e", handbook).succeeded()
    assert all(page.startswith("Handbook, ") for page in pages(fleet, "guide"))
    fleet.play("-e", handbook, "-e", "stack=guide", playbook="playbooks/rollback.yml").succeeded()
    assert all(page.startswith("Guide, ") for page in pages(fleet, "guide"))
    assert tasks(fleet, stack.NAME, "copy", "board") == others
    assert pages(fleet, "board")[0].startswith("line 4, ")

    gone = ("-e", "stack=copy,board,guide", "-e", "remove_data=true")
    fleet.play(*gone, playbook="playbooks/remove.yml").succeeded()
    fleet.play().unchanged()
    assert tasks(fleet, stack.NAME) == before
