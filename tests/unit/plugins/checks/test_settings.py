"""Names, types and ranges of the variables that a user set."""

from pathlib import Path

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.checks import settings

from tests.support.problems import told

OPTIONS = settings.load_options(Path("roles"))


def test_variables_of_others_are_left_alone():
    others = ["ansible_user", "my_docker", "registry", "app_name", "swarmed_labels", "stock_file", "group_names"]
    assert settings.own_names([*others, "docker_x"], OPTIONS) == {"docker_x"}


@pytest.mark.parametrize(
    "name", ["dockker_version", "dockerversion", "registtry_url", "stack5_timeout", "swaarm_availability"]
)
def test_name_with_a_misspelt_prefix_is_told_with_the_one_meant(name):
    assert settings.own_names([name], OPTIONS) == {name}
    (problem,) = settings.check_variables({"m1": {name: 1}}, OPTIONS)
    assert "Did you mean" in problem.fix


@pytest.mark.parametrize(
    ("name", "value", "entry"),
    [
        ("stack_environment", {"NAME": None}, "NAME"),
        ("stack_secrets", {"redis_password": None}, "redis_password"),
        ("docker_daemon_options", {"log-opts": {"max-size": None}}, "log-opts.max-size"),
        ("swarm_node_labels", {"disk": None}, "disk"),
    ],
)
def test_entry_without_a_value_is_named(name, value, entry):
    assert told(settings.check_variables({"m1": {name: value}}, OPTIONS)) == [f"setting-invalid: {name}: {entry}, m1"]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("docker_daemon_option", {}, "setting-unknown"),
        ("stack_quux", 1, "setting-unknown"),
        ("stack_timeout", 0, "setting-invalid"),
        ("stack_timeout", "soon", "setting-invalid"),
        ("stack_release", -1, "setting-invalid"),
        ("swarm_node_role", "manager", "setting-unknown"),
        ("swarm_availability", "busy", "setting-invalid"),
        ("docker_daemon_options", ["x"], "setting-invalid"),
        ("docker_daemon_options", "debug=true", "setting-invalid"),
        ("registry_url", ["r:5000"], "setting-invalid"),
        ("registry_password", None, "setting-invalid"),
        ("image_python", 3.10, "setting-invalid"),
        ("stack_name", True, "setting-invalid"),
        ("stack_timeout", True, "setting-invalid"),
        ("docker_packages", "a,b", "setting-invalid"),
        ("docker_packages", ["a", {"b": 1}], "setting-invalid"),
        ("stack_rotate", 5, "setting-invalid"),
        ("registry_password", "ends in a space ", "setting-invalid"),
        ("registry_pull_password", "ends in a line end\n", "setting-invalid"),
    ],
)
def test_bad_variables_are_named(name, value, code):
    assert told(settings.check_variables({"m1": {name: value}, "w1": {}}, OPTIONS)) == [f"{code}: {name}, m1"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stack_timeout", "600"),
        ("stack_release", 0),
        ("stack_secrets", {}),
        ("registry_insecure", "yes"),
        ("registry_password", 12345),
        ("stack_rotate", "one,two"),
        ("docker_packages", ["a"]),
    ],
)
def test_good_variables_are_no_problem(name, value):
    assert settings.check_variables({"m1": {name: value}}, OPTIONS) == ()


def test_misspelt_name_is_guessed():
    (problem,) = settings.check_variables({"m1": {"docker_daemon_option": {}}}, OPTIONS)
    assert "docker_daemon_options" in problem.fix


def test_value_that_may_be_secret_is_not_shown():
    (problem,) = settings.check_variables({"m1": {"registry_password": ["hunter2"]}}, OPTIONS)
    assert "hunter2" not in str(problem)


def test_same_problem_of_several_hosts_is_told_once():
    found = settings.check_variables({"m1": {"stack_quux": 1}, "w1": {"stack_quux": 1}}, OPTIONS)
    assert told(found) == ["setting-unknown: stack_quux, m1, w1"]


def test_place_is_named_and_the_same_problem_in_two_files_is_two():
    given = {"m1": {"stack_timeout": "soon"}, "w1": {"stack_timeout": "soon"}}
    places = {"m1": {"stack_timeout": "group_vars/all.yml:3"}, "w1": {"stack_timeout": "host_vars/w1.yml:1"}}
    assert told(settings.check_variables(given, OPTIONS, places)) == [
        "setting-invalid: stack_timeout (group_vars/all.yml:3), m1",
        "setting-invalid: stack_timeout (host_vars/w1.yml:1), w1",
    ]


@pytest.mark.parametrize("value", [12.5, True])
def test_secret_that_is_no_text_is_not_shown(value):
    (problem,) = settings.check_variables({"m1": {"registry_password": value}}, OPTIONS)
    assert str(value).lower() not in str(problem)
