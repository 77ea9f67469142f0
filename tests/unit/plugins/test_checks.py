"""Bad input gets one clear sentence each."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils import checks

OPTIONS = checks.load_specs("roles")
GOOD = {"managers": ["m1"], "workers": ["w1"], "swarm": ["m1", "w1"], "registry": ["m1"]}


def test_good_groups_are_no_problem():
    assert checks.check_groups(GOOD) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"managers": [], "swarm": ["w1"]}, "group managers is empty, wanted is at least one host"),
        ({"workers": ["m1", "w1"]}, "m1 is in managers and in workers"),
        ({"swarm": ["m1", "w1", "x1"]}, "x1 is in swarm, but neither in managers nor in workers"),
        ({"registry": ["m1", "w1"]}, "group registry has m1, w1, wanted is one host or none"),
    ],
)
def test_bad_groups_are_named(change, problem):
    (found,) = checks.check_groups({**GOOD, **change})
    assert found.startswith(problem)


def test_variables_of_others_are_left_alone():
    assert checks.own_names(["ansible_user", "my_docker", "docker_x"], OPTIONS) == {"docker_x"}


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("docker_deamon_options", {}, "no variable docker_deamon_options; did you mean docker_daemon_options? (m1)"),
        ("stack_quux", 1, "flotilla has no variable stack_quux; docs/variables.md lists all (m1)"),
        ("stack_timeout", "soon", "argument 'stack_timeout' is of type str"),
        ("swarm_node_role", "boss", "value of swarm_node_role must be one of: manager, worker, got: boss (m1)"),
        ("docker_daemon_options", ["x"], "argument 'docker_daemon_options' is of type list"),
    ],
)
def test_bad_variables_are_named(name, value, problem):
    (found,) = checks.check_variables({"m1": {name: value}, "w1": {}}, OPTIONS)
    assert problem in found


def test_same_problem_of_all_hosts_is_told_once():
    found = checks.check_variables({"m1": {"stack_quux": 1}, "w1": {"stack_quux": 1}}, OPTIONS)
    assert found == ["flotilla has no variable stack_quux; docs/variables.md lists all (all hosts)"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"registry_url": ""}, "registry_url is empty and no host is in group registry"),
        ({"registry_url": "https://reg/v2"}, "registry_url is https://reg/v2, wanted is host:port"),
        ({"builder": "elsewhere"}, "image_builder is elsewhere, wanted is a host of group swarm"),
    ],
)
def test_bad_site_is_named(change, problem):
    assert checks.check_site(sites.site()) == []
    (found,) = checks.check_site({**sites.site(), **change})
    assert found.startswith(problem)
