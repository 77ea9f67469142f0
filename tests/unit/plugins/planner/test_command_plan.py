"""Where a command runs."""

import pytest
import sites
from sites import make_plan, of_phase

from tests.support.problems import told


def plan(found=None, **changes):
    command = {"service": "web", "command": "id -u", **changes.pop("command", {})}
    site = {**sites.site_of_two(), "intent": "exec", "command": command, **changes}
    return make_plan(site, found or sites.converged_site_of_two())


def test_it_runs_on_the_host_of_the_first_task():
    assert of_phase(plan(), "run_command") == {
        "m1": {"service": "hello_web", "task": "task-1", "argv": ["id", "-u"]},
    }


def test_check_mode_tells_what_would_run():
    assert sites.acts(plan(), "m1") == ["run id -u in hello_web on m1"]
    found = plan(intent="run", command={"service": "till", "command": "migrate"})
    assert sites.acts(found, "m1") == ["run migrate in a task of its own with what shop_till has"]


def test_it_runs_on_the_host_of_the_task_that_is_named():
    assert list(of_phase(plan(command={"task": "2"}), "run_command")) == ["w1"]


def test_task_of_a_host_that_is_away_is_passed_over():
    found = sites.converged_site_of_two()
    found["w1"] = {"desired": {"swarm": {"ansible_host": "10.0.0.2"}}, "unreachable": "no route"}
    assert list(of_phase(plan(found, command={"service": "web"}), "run_command")) == ["m1"]
    assert told(plan(found, command={"task": 2})["problems"]) == ["setting-invalid: task"]


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ({"service": "wbe"}, "service"),
        ({"service": ""}, "service"),
        ({"command": ""}, "command"),
        ({"command": "echo 'open"}, "command"),
        ({"command": "redis-cli", "unquoted": "--version"}, "command"),
        ({"task": 9}, "task"),
        ({"task": "two"}, "task"),
    ],
)
def test_what_cannot_be_run_is_named(command, problem):
    assert told(plan(command=command)["problems"]) == [f"setting-invalid: {problem}"]


def test_service_of_several_stacks_needs_the_name_of_one():
    found = sites.converged_site_of_two()
    stacks = found["m1"]["observation"]["stacks"]
    stacks["shop"]["services"]["web"] = stacks["hello"]["services"]["web"]
    assert told(plan(found)["problems"]) == ["setting-invalid: stack"]
    assert of_phase(plan(found, chosen=["shop"]), "run_command")["m1"]["service"] == "shop_web"


def test_task_of_its_own_is_run_by_a_manager():
    found = plan(intent="run", command={"service": "till", "command": "migrate --all"})
    assert of_phase(found, "run_task") == {
        "m1": {"service": "shop_till", "argv": ["migrate", "--all"], "timeout": 600},
    }


@pytest.mark.parametrize(
    ("command", "problem"),
    [({"service": "wbe"}, "service"), ({"command": ""}, "command"), ({"timeout": "10m"}, "timeout")],
)
def test_task_that_cannot_be_run_is_named(command, problem):
    assert told(plan(intent="run", command=command)["problems"]) == [f"setting-invalid: {problem}"]
