"""Names, types and ranges of the variables that a user set."""

from pathlib import Path

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.checks import settings
from sites import told

OPTIONS = settings.load_options(Path("roles"))


def test_variables_of_others_are_left_alone():
    assert settings.own_names(["ansible_user", "my_docker", "docker_x"], OPTIONS) == {"docker_x"}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("docker_deamon_options", {}, "setting-unknown"),
        ("stack_quux", 1, "setting-unknown"),
        ("stack_timeout", 0, "setting-invalid"),
        ("stack_timeout", "soon", "setting-invalid"),
        ("stack_release", -1, "setting-invalid"),
        ("swarm_node_role", "manager", "setting-unknown"),
        ("swarm_availability", "busy", "setting-invalid"),
        ("docker_daemon_options", ["x"], "setting-invalid"),
    ],
)
def test_bad_variables_are_named(name, value, code):
    assert told(settings.check_variables({"m1": {name: value}, "w1": {}}, OPTIONS)) == [f"{code}: {name}, m1"]


@pytest.mark.parametrize(("name", "value"), [("stack_timeout", "600"), ("stack_release", 0), ("stack_secrets", {})])
def test_good_variables_are_no_problem(name, value):
    assert settings.check_variables({"m1": {name: value}}, OPTIONS) == ()


def test_misspelt_name_is_guessed():
    (problem,) = settings.check_variables({"m1": {"docker_deamon_options": {}}}, OPTIONS)
    assert problem.fix == "Did you mean docker_daemon_options? Rename it"


def test_value_that_may_be_secret_is_not_shown():
    (problem,) = settings.check_variables({"m1": {"registry_password": ["hunter2"], "x": 1}}, OPTIONS)
    assert "hunter2" not in str(problem)


def test_same_problem_of_several_hosts_is_told_once():
    found = settings.check_variables({"m1": {"stack_quux": 1}, "w1": {"stack_quux": 1}}, OPTIONS)
    assert told(found) == ["setting-unknown: stack_quux, m1, w1"]
