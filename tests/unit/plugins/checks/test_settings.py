"""Names, types and ranges of the variables that a user set."""

from pathlib import Path

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.checks import settings

from tests.support.problems import told

OPTIONS = settings.load_options(Path("roles"))
ENTRY = settings.load_entry_options(Path("roles"))


def test_variables_of_others_are_left_alone():
    others = ["ansible_user", "my_docker", "registry", "app_name", "swarmed_labels", "stock_file", "group_names"]
    assert settings.own_names([*others, "docker_x"], OPTIONS) == {"docker_x"}


@pytest.mark.parametrize(
    "name", ["dockker_version", "dockerversion", "registtry_url", "stacck_rotate", "swaarm_availability"]
)
def test_name_with_a_misspelt_prefix_is_told_with_the_one_meant(name):
    assert settings.own_names([name], OPTIONS) == {name}
    (problem,) = settings.check_variables({"m1": {name: 1}}, OPTIONS)
    assert "Did you mean" in problem.fix


@pytest.mark.parametrize(
    ("name", "value", "entry"),
    [
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
        ("registry_certificate_days", 0, "setting-invalid"),
        ("registry_certificate_days", "soon", "setting-invalid"),
        ("stack_release", -1, "setting-invalid"),
        ("swarm_node_role", "manager", "setting-unknown"),
        ("swarm_availability", "busy", "setting-invalid"),
        ("docker_daemon_options", ["x"], "setting-invalid"),
        ("docker_daemon_options", "debug=true", "setting-invalid"),
        ("registry_url", ["r:5000"], "setting-invalid"),
        ("registry_password", None, "setting-invalid"),
        ("image_python", 3.10, "setting-invalid"),
        ("image_builder", True, "setting-invalid"),
        ("registry_certificate_days", True, "setting-invalid"),
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
    ("change", "problem"),
    [
        ({"timeout": 0}, "setting-invalid: stacks: shop.timeout"),
        ({"timeout": "soon"}, "setting-invalid: stacks: shop.timeout"),
        ({"path": None}, "setting-invalid: stacks: shop.path"),
        ({"environment": "A=B"}, "setting-invalid: stacks: shop.environment"),
        ({"environment": {"A": None}}, "setting-invalid: stacks: shop.environment: A"),
        ({"secrets": {"key": None}}, "setting-invalid: stacks: shop.secrets: key"),
        ({"secrets": ["key"]}, "setting-invalid: stacks: shop.secrets"),
        ({"timeuot": 5}, "setting-unknown: stacks: shop.timeuot"),
    ],
)
def test_bad_settings_of_a_stack_are_named(change, problem):
    value = {"shop": {"path": "shop", **change}}
    found = settings.check_variables({"m1": {"stacks": value}}, OPTIONS, entry=ENTRY)
    assert told(found) == [f"{problem}, m1"]


@pytest.mark.parametrize(
    ("value", "problem"), [(None, "stacks: shop"), ([], "stacks: shop"), ({}, "stacks: shop.path")]
)
def test_stack_that_is_none_is_named(value, problem):
    found = settings.check_variables({"m1": {"stacks": {"shop": value}}}, OPTIONS, entry=ENTRY)
    assert told(found) == [f"setting-invalid: {problem}, m1"]


def test_misspelt_setting_of_a_stack_is_guessed():
    (problem,) = settings.check_variables(
        {"m1": {"stacks": {"shop": {"path": "f", "sekrets": {}}}}}, OPTIONS, entry=ENTRY
    )
    assert "Did you mean secrets" in problem.fix


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("registry_certificate_days", "600"),
        ("stack_release", 0),
        ("stacks", {}),
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
    given = {"m1": {"registry_certificate_days": "soon"}, "w1": {"registry_certificate_days": "soon"}}
    places = {
        "m1": {"registry_certificate_days": "group_vars/all.yml:3"},
        "w1": {"registry_certificate_days": "host_vars/w1.yml:1"},
    }
    assert told(settings.check_variables(given, OPTIONS, places)) == [
        "setting-invalid: registry_certificate_days (group_vars/all.yml:3), m1",
        "setting-invalid: registry_certificate_days (host_vars/w1.yml:1), w1",
    ]


@pytest.mark.parametrize("value", [12.5, True])
def test_secret_that_is_no_text_is_not_shown(value):
    (problem,) = settings.check_variables({"m1": {"registry_password": value}}, OPTIONS)
    assert str(value).lower() not in str(problem)
