"""Settings that belong to another playbook than the one that runs."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.intent import Intent
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.intents import check_settings

from tests.support.problems import told


def problems(intent, **stack):
    site = sites.site()
    site["stacks"][0].update(stack)
    return told([*check_settings(sites.read_site(site), intent)])


@pytest.mark.parametrize("intent", [intent for intent in Intent if intent is not Intent.ROLLBACK])
def test_number_of_a_release_is_for_a_rollback_only(intent):
    assert problems(intent, release=3) == ["setting-conflict: stack_release"]
    assert problems(intent, rotate=["redis_password"]) == []


def test_rotation_is_not_for_a_rollback():
    assert problems(Intent.ROLLBACK, rotate=["redis_password"]) == ["setting-conflict: stack_rotate"]
    assert problems(Intent.ROLLBACK, release=3) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda observed: observed["system"].update(disk_free_mib=1), "host-disk"),
        (lambda observed: observed["system"].update(asked=[9000.0, 9000.1]), "host-clock"),
        (lambda observed: observed.update(daemon_config="no-such-key"), "engine-settings"),
        (lambda observed: observed.update(accounts={"pull": "401"}), "registry-credentials"),
    ],
    ids=["disk", "clock", "engine", "registry"],
)
def test_what_a_rollback_does_not_need_does_not_refuse_it(change, code):
    found = sites.converged_site()
    change(found["w1"]["observation"])
    releases = found["m1"]["observation"]["stacks"]["hello"]["releases"]
    releases.insert(0, {**releases[0], "number": 0, "file": releases[0]["file"].replace("4000", "4001")})
    refused = sites.make_plan(sites.site(), found)["problems"]
    assert [problem.code for problem in refused] == [code]
    assert sites.make_plan(dict(sites.site(), intent="rollback"), found)["problems"] == []
