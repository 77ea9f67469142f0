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
