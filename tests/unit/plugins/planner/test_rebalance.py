"""When a run gives nodes without tasks their share."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.phase import Phase

HEALTHY = {"Test": ["CMD", "true"]}


def plan(found, intent="site", spread=True, passed=None, **changes):
    site = sites.site() | changes
    site["intent"] = intent
    site["stacks"][0]["spread"] = spread
    return sites.plan(site, found, passed=passed)


def site_with(*nodes, check=HEALTHY):
    """A converged site whose web tasks are on these nodes."""
    found = sites.converged_site()
    stack = found["m1"]["observation"]["stacks"]["hello"]
    for spec in (stack["services"]["web"]["spec"], stack["record"]["specs"]["web"]):
        spec["UpdateConfig"] = {"Order": "start-first"}
        spec["TaskTemplate"]["ContainerSpec"] = {"Healthcheck": check}
    stack["services"]["web"]["tasks"] = [
        {**sites.task(slot), "node": f"node-{node}"} for slot, node in enumerate(nodes, 1)
    ]
    return found


def moves(made):
    """Tasks that are moved, by service."""
    found = [host.rebalance for host in made.hosts.values() if host.rebalance]
    return {each.service: each.extra for rebalance in found for each in rebalance.services}


def test_node_without_tasks_gets_its_share_and_the_gate_sees_it():
    made = plan(site_with(1, 1, 1, 2, 2))
    assert moves(made) == {"web": 1}
    assert Phase.CHECK_SERVICES in made.hosts["m1"].phases
    assert [step.text for step in made.steps()] == ["move one task of web to nodes that have fewer"]


@pytest.mark.parametrize("intent", ["deploy", "rollback"])
def test_other_playbooks_leave_tasks_where_they_are(intent):
    assert moves(plan(site_with(1, 1, 1, 2, 2), intent)) == {}


def test_tasks_stay_where_it_is_not_set_where_no_node_is_empty_and_where_health_is_unknown():
    assert moves(plan(site_with(1, 1, 1, 2, 2), spread=False)) == {}
    assert moves(plan(site_with(1, 1, 1, 2, 3))) == {}
    assert moves(plan(site_with(1, 1, 1, 2, 2, check={"Test": ["NONE"]}))) == {}
    assert moves(plan(site_with(1, 1, 1, 2, 2, check={}))) == {"web": 1}


def test_tasks_of_a_stack_that_is_deployed_are_placed_by_that():
    found = site_with(1, 1, 1, 2, 2)
    found["m1"]["observation"]["stacks"]["hello"]["record"]["file"] += "\n"
    made = plan(found)
    assert made.hosts["m1"].deploy
    assert moves(made) == {}


def test_host_that_joins_gets_its_share_once_it_is_there():
    found = site_with(1, 1, 1, 2, 2)
    found["w2"]["observation"] = sites.bare("10.0.0.3")
    found["m1"]["observation"]["nodes"].pop()
    made = plan(found)
    assert made.phases()[Phase.OBSERVE_TASKS] == ["m1", "w1", "w2"]
    assert (moves(made), made.phases()[Phase.CHECK_SERVICES]) == ({}, [])
    assert "once hosts are added or changed, nodes without tasks get their share (spread)" in made.notes
    assert plan(found, spread=False).phases()[Phase.OBSERVE_TASKS] == []


def test_host_that_asks_for_a_reboot_after_its_upgrade_is_left_to_the_next_run():
    found = site_with(1, 1, 1, 2, 2)
    found["w2"]["observation"]["upgrades"] = {"packages": {}, "reboot": "kernel 6.13 is installed, 6.12 runs"}
    assert plan(found, "upgrade").phases()[Phase.OBSERVE_TASKS] == ["m1", "w1", "w2"]
    again = plan(found, "upgrade", passed=Phase.OBSERVE_TASKS)
    assert again.phases()[Phase.OBSERVE_TASKS] == []
    assert moves(again) == {"web": 1}


def test_first_run_of_all_has_nothing_to_spread():
    bare = {
        name: {**host, "observation": sites.bare(f"10.0.0.{number}")}
        for number, (name, host) in enumerate(sites.converged_site().items(), 1)
    }
    assert plan(bare).phases()[Phase.OBSERVE_TASKS] == []


def test_role_stack_alone_keeps_its_gate():
    found = site_with(1, 1, 1, 2, 2)
    found["m1"]["observation"]["nodes"][1]["labels"] = {}
    phases = plan(found, "stack").phases()
    assert (phases[Phase.OBSERVE_TASKS], phases[Phase.CHECK_SERVICES]) == ([], ["m1"])


def test_service_that_a_killed_run_left_larger_is_brought_back_to_its_size():
    found = site_with(1, 1, 1, 2, 2, 3, 3)
    stack = found["m1"]["observation"]["stacks"]["hello"]
    stack["services"]["web"]["size"] = 7
    stack["record"]["specs"]["web"]["Mode"] = {"Replicated": {"Replicas": 5}}
    made = plan(found, "rebalance")
    assert [(each.size, each.extra) for each in made.hosts["m1"].rebalance.services] == [(5, 2)]
    assert [step.text for step in made.steps()] == ["bring web back to its size of 5"]
    stack["services"]["web"]["tasks"] = site_with(1, 1, 1, 1, 2, 2, 2)["m1"]["observation"]["stacks"]["hello"][
        "services"
    ]["web"]["tasks"]
    made = plan(found, "rebalance")
    assert [(each.size, each.extra) for each in made.hosts["m1"].rebalance.services] == [(5, 4)]
    assert [step.text for step in made.steps()] == [
        "bring web back to its size of 5 and move 2 tasks of web to nodes that have fewer"
    ]
