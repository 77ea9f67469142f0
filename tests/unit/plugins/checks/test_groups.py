"""Who is who, and whom a run was given."""

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.checks.groups import (
    RULES,
    RUN_RULES,
    Inventory,
    settings_agree,
)
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.problem import find

from tests.support.problems import told

GOOD = {"managers": ["m1"], "workers": ["w1"], "swarm": ["m1", "w1"], "registry": ["m1"]}


def problems(groups, hosts=(), rules=RULES):
    return told(find(Inventory(groups, hosts), rules))


def test_good_groups_are_no_problem():
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"managers": [], "swarm": ["w1"]}, "group-empty: group managers"),
        ({"workers": ["m1", "w1"]}, "group-conflict: m1"),
        ({"swarm": ["m1", "w1", "x1"]}, "host-without-role: x1"),
        ({"retire": ["w1"]}, "group-conflict: w1"),
        ({"registry": ["r1"], "retire": ["r1"]}, "group-conflict: r1"),
        ({"registry": ["m1", "w1"]}, "group-too-large: group registry, m1, w1"),
        ({"worker": ["w2"]}, "group-unknown: group worker, w2"),
    ],
)
def test_bad_groups_are_named(change, problem):
    assert problems({**GOOD, **change}) == [problem]


def test_limit_that_leaves_hosts_out_is_refused():
    groups = {**GOOD, "retire": ["x1"]}
    assert problems(groups, ["m1", "w1", "x1"], RUN_RULES) == []
    assert problems(groups, ["m1"], RUN_RULES) == ["run-limited: --limit, w1, x1"]


@pytest.mark.parametrize(
    ("host", "variables", "problems"),
    [
        ("m1", {"registry_host": "m1"}, []),
        ("m1", {"registry_host": ""}, []),
        ("m1", {"registry_host": "w1"}, ["setting-conflict: registry_host, m1"]),
    ],
)
def test_settings_that_contradict_groups_are_named(host, variables, problems):
    assert told(settings_agree(Inventory(GOOD, ["m1", "w1"]), {host: variables})) == problems


def test_registry_host_of_a_user_is_a_host_of_the_inventory():
    inventory = Inventory({**GOOD, "registry": []}, ["m1", "w1"])
    assert settings_agree(inventory, {"m1": {"registry_host": "w1"}}) == ()
    assert told(settings_agree(inventory, {"m1": {"registry_host": "x"}})) == ["setting-conflict: registry_host, m1"]
