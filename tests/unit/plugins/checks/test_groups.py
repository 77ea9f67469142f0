"""Who is who, and whom a run was given."""

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.checks.groups import RULES, RUN_RULES, Inventory
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.problem import find
from sites import told

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
        ({"removed": ["w1"]}, "group-conflict: w1"),
        ({"registry": ["r1"], "removed": ["r1"]}, "group-conflict: r1"),
        ({"registry": ["m1", "w1"]}, "group-too-large: group registry, m1, w1"),
        ({"worker": ["w2"]}, "group-unknown: group worker, w2"),
    ],
)
def test_bad_groups_are_named(change, problem):
    assert problems({**GOOD, **change}) == [problem]


def test_limit_that_leaves_hosts_out_is_refused():
    groups = {**GOOD, "removed": ["x1"]}
    assert problems(groups, ["m1", "w1", "x1"], RUN_RULES) == []
    assert problems(groups, ["m1"], RUN_RULES) == ["run-limited: --limit, w1, x1"]
