"""What a killed rolling change left is put back by the next run of ``site.yml`` and of ``upgrade.yml``."""

import sites
from sites import acts, make_plan, of_phase, phases
from test_rolling import stale_site, web_of

NOTHING = {"nodes": [], "services": {}, "sizes": {}, "end_redirect": False}


def left_behind(found):
    """What a run leaves that is killed while w1's tasks are elsewhere, or on their way."""
    found["m1"]["observation"]["nodes"][1]["availability"] = "pause"
    # As the CLI writes it where a stack file says nothing.
    record = found["m1"]["observation"]["stacks"]["hello"]["record"]
    record["specs"]["web"]["TaskTemplate"] = {"ForceUpdate": 0, "Placement": {}}
    web_of(found)["spec"]["TaskTemplate"] = {"ForceUpdate": 0, "Placement": {"Constraints": ["node.id!=node-2"]}}
    return found


def upgrade(found):
    return make_plan(dict(sites.site(), intent="upgrade"), found)


def redirected(found, *names):
    for name in names:
        found[name]["observation"]["redirected"] = True
    return found


def test_an_upgrade_puts_back_what_was_left_though_nothing_is_newer():
    plan = upgrade(left_behind(stale_site()))
    assert of_phase(plan, "put_back") == {
        "m1": {**NOTHING, "nodes": ["node-2"], "services": {"hello_web": ["node.id!=node-2"]}}
    }
    assert acts(plan, "m1", "swarm") == ["let hello_web run on every node again", "let host-2 take tasks again"]
    assert "check_services" in phases(plan, "m1")


def test_an_upgrade_ends_redirects_before_it_begins_another():
    found = redirected(stale_site(), "w1", "w2")
    found["w2"]["observation"]["upgrades"] = {"packages": {"runc": "2"}, "reboot": ""}
    plan = upgrade(found)
    assert of_phase(plan, "put_back") == {name: {**NOTHING, "end_redirect": True} for name in ("w1", "w2")}
    assert of_phase(plan, "upgrade")["w2"]["turn"]["redirects"]


def test_site_ends_redirects_of_hosts_whose_engines_are_restarted_before_the_first_of_them():
    plan = make_plan(sites.site(), redirected(stale_site("w1", "w2"), "m1", "w1"))
    assert of_phase(plan, "put_back") == {"w1": {**NOTHING, "end_redirect": True}}
    assert [text for text in acts(plan, "w1") if "visitors" in text] == ["serve its visitors itself again"]
    assert of_phase(plan, "install_docker")["m1"]["end_redirect"]


def test_a_service_that_was_given_more_tasks_gets_its_size_again():
    found = stale_site()
    size = web_of(found)["size"]
    web_of(found)["size"] = size + 2
    found["m1"]["observation"]["stacks"]["hello"]["record"]["specs"]["web"]["Mode"] = {"Replicated": {"Replicas": size}}
    plan = upgrade(found)
    assert of_phase(plan, "put_back") == {"m1": {**NOTHING, "sizes": {"hello_web": size}}}
    assert acts(plan, "m1") == [f"bring hello_web back to its size of {size}"]
    # What somebody has stopped, as a restore does, is not started.
    web_of(found)["size"] = 0
    assert of_phase(upgrade(found), "put_back") == {}
    web_of(found).update(size=size + 2)
    web_of(found)["spec"]["UpdateConfig"] = {"Order": "stop-first"}
    assert of_phase(upgrade(found), "put_back") == {}


def test_an_upgrade_with_nothing_left_puts_nothing_back():
    assert of_phase(upgrade(stale_site()), "put_back") == {}
    found = stale_site()
    for each in (found["w2"]["desired"]["swarm"], found["m1"]["observation"]["nodes"][2]):
        each["availability"] = "pause"
    assert of_phase(upgrade(found), "put_back") == {}


def test_tasks_are_spread_once_that_is_put_back():
    found = left_behind(stale_site())
    site = dict(sites.site(), intent="upgrade")
    site["stacks"][0]["spread"] = True
    assert sites.plan(site, found).phases()["observe_tasks"] == ["m1", "w1", "w2"]


def test_what_a_killed_run_left_is_put_back_before_the_next_restart():
    plan = make_plan(sites.site(), left_behind(stale_site("w2")))
    assert of_phase(plan, "put_back") == {
        "m1": {
            "nodes": ["node-2"],
            "services": {"hello_web": ["node.id!=node-2"]},
            "sizes": {},
            "end_redirect": False,
        },
    }
    # The node that is put back counts among those that take tasks.
    assert of_phase(plan, "restart_engine")["w2"]["turn"]["moves"]


def test_a_move_that_was_begun_is_put_back_without_a_restart_too_and_told_once():
    plan = make_plan(sites.site(), left_behind(stale_site()))
    assert of_phase(plan, "put_back") == {
        "m1": {**NOTHING, "nodes": ["node-2"], "services": {"hello_web": ["node.id!=node-2"]}}
    }
    assert acts(plan, "m1") == ["let hello_web run on every node again", "let host-2 take tasks again"]
    assert acts(plan, "w1") == []
    assert not {"join_workers", "deploy"} & {*phases(plan, "m1"), *phases(plan, "w1")}


def test_a_deploy_alone_takes_the_constraint_away_and_leaves_the_node():
    plan = make_plan(dict(sites.site(), intent="deploy"), left_behind(stale_site()))
    assert of_phase(plan, "put_back") == {}
    assert "node.id!=node-2" in " ".join(acts(plan, "m1", "stack"))
    assert acts(plan, "w1") == []


def test_a_pause_alone_is_drift():
    found = stale_site()
    found["m1"]["observation"]["nodes"][1]["availability"] = "pause"
    plan = make_plan(sites.site(), found)
    assert of_phase(plan, "put_back") == {}
    assert acts(plan, "w1", "swarm") == ["set availability active (found pause)"]


def test_a_constraint_of_the_release_is_nobodys_leftover():
    found = stale_site("w2")
    stack = found["m1"]["observation"]["stacks"]["hello"]
    for spec in (web_of(found)["spec"], stack["record"]["specs"]["web"]):
        spec["TaskTemplate"] = {"ForceUpdate": 0, "Placement": {"Constraints": ["node.id!=node-9"]}}
    plan = make_plan(sites.site(), found)
    assert of_phase(plan, "put_back") == {}
    assert of_phase(plan, "restart_engine")["w2"]["turn"]["moves"]


def test_a_redirect_that_was_left_ends():
    found = stale_site()
    found["w2"]["observation"]["redirected"] = True
    plan = make_plan(sites.site(), found)
    assert of_phase(plan, "install_docker")["w2"]["end_redirect"]
    assert acts(plan, "w2") == ["serve its visitors itself again"]
