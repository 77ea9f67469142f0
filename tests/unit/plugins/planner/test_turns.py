"""Turns of a rolling change: who serves a host's visitors meanwhile, and what is left as it is."""

from pathlib import Path

import sites
import yaml
from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts.engine_restart import PATIENCE
from ansible_collections.flotilla.swarm.plugins.plugin_utils.lock.lease import LEASE
from sites import make_plan, of_phase
from test_rolling import large_site, stale_site, three_managers


def turn(found, host, **changes):
    names = {group: [name for name in found if name[0] == group] for group in "mw"}
    site = sites.site(managers=names["m"], workers=names["w"])
    return of_phase(make_plan({**site, **changes}, found), "restart_engine")[host]["turn"]


def tasks_of(name):
    return yaml.safe_load(Path(f"roles/docker/tasks/{name}.yml").read_text())


def test_who_answers_the_pages_serves_the_visitors_first():
    found = stale_site("w2")
    found["m1"]["observation"]["pages"]["hello"] = "HTTP 503"
    assert turn(found, "w2")["redirects"] == ["10.0.0.2", "10.0.0.1"]


def test_who_could_not_be_asked_serves_the_visitors_last():
    found = three_managers()
    found["m2"] = {"desired": found["m2"]["desired"], "unreachable": "no route to host"}
    assert turn(found, "w2")["redirects"] == ["10.0.0.1", "10.0.0.2", "10.0.0.5", "10.0.0.4"]


def test_visitors_are_led_to_nobody_who_leads_his_own_elsewhere():
    found = stale_site("w2")
    found["m1"]["observation"]["redirected"] = True
    assert turn(found, "w2")["redirects"] == ["10.0.0.2"]


def test_few_of_many_hosts_are_tried():
    assert len(turn(large_site(20), "w2")["redirects"]) == 10


def test_lock_is_renewed_in_every_turn():
    found = three_managers()
    assert [turn(found, name)["lock"] for name in ("w1", "m1", "m2")] == ["m1", "m1", "m2"]
    # A host that is in no swarm yet, though its engine runs.
    found["w2"]["observation"]["swarm"] = sites.bare("x")["swarm"]
    assert (turn(found, "w2")["manager"], turn(found, "w2")["lock"]) == ("", "m1")


def test_lock_is_renewed_on_the_only_manager_that_there_is_though_others_are_to_be():
    site = sites.site(managers=("w1",), workers=("m1", "w2"))
    turns = of_phase(make_plan(site, stale_site("m1", "w2")), "restart_engine")
    assert [each["turn"]["lock"] for each in turns.values()] == ["m1", "m1"]


def test_lock_is_renewed_on_the_first_manager_before_there_is_a_swarm():
    found = stale_site("w1")
    for host in found.values():
        host["observation"] |= {"swarm": sites.bare("x")["swarm"], "volumes": {}}
    for field in ("nodes", "stacks", "published"):
        del found["m1"]["observation"][field]
    assert turn(found, "w1")["lock"] == "m1"


def test_role_docker_alone_has_no_lock_to_renew():
    assert turn(stale_site("w1"), "w1", intent="docker")["lock"] == ""


def included_by_change():
    return [
        task.get("ansible.builtin.include_tasks") or task.get("ansible.builtin.include_role", {}).get("tasks_from")
        for task in tasks_of("change")
    ]


def test_swarm_is_asked_before_anything_of_a_manager_is_changed():
    first = tasks_of("change")[0]
    assert (included_by_change()[0], first["when"]) == ("majority.yml", "__docker_turn.manager == inventory_hostname")


def test_lock_is_renewed_before_services_are_changed():
    included = included_by_change()
    for change in ("set_aside", "take_back"):
        assert included[included.index(change) - 1] == "renew.yml"


def test_what_is_waited_for_in_a_turn_ends_before_the_lease():
    (rebooting,) = (task for task in tasks_of("upgrade_packages")[0]["block"] if "ansible.builtin.reboot" in task)
    (waiting,) = (task for task in tasks_of("await") if "until" in task)
    assert rebooting["ansible.builtin.reboot"]["reboot_timeout"] + PATIENCE < LEASE
    # The clock ends it, not the number of attempts.
    assert waiting["retries"] * waiting["delay"] >= PATIENCE


def test_a_node_that_the_inventory_drains_has_nothing_to_move():
    found = stale_site("w2")
    found["w2"]["desired"]["swarm"]["availability"] = found["m1"]["observation"]["nodes"][2]["availability"] = "drain"
    assert (turn(found, "w2")["node"], turn(found, "w2")["redirects"]) == ("", ["10.0.0.1", "10.0.0.2"])


def test_a_node_that_the_inventory_pauses_is_paused_again():
    found = stale_site("w2")
    found["w2"]["desired"]["swarm"]["availability"] = found["m1"]["observation"]["nodes"][2]["availability"] = "pause"
    assert (turn(found, "w2")["node"], turn(found, "w2")["availability"]) == ("node-3", "pause")


def test_node_that_an_operator_drained_is_left_so():
    found = stale_site("w2")
    found["m1"]["observation"]["nodes"][2]["availability"] = "drain"
    assert (turn(found, "w2")["node"], turn(found, "w2")["moves"]) == ("", [])


def test_node_gets_the_availability_that_it_had():
    for had, desired, again in (
        ("active", "drain", "active"),
        ("active", "pause", "active"),
        ("pause", "drain", "pause"),
        # A pause that a killed run left.
        ("pause", "active", "active"),
    ):
        found = stale_site("w2")
        found["m1"]["observation"]["nodes"][2]["availability"] = had
        found["w2"]["desired"]["swarm"]["availability"] = desired
        assert (turn(found, "w2")["node"], turn(found, "w2")["availability"]) == ("node-3", again)


def test_visitors_of_every_service_of_the_mesh_are_led_elsewhere():
    found = stale_site("w2")
    found["m1"]["observation"]["published"] |= {
        **sites.published("80/tcp", "443/udp", service="proxy", stack=""),
        **sites.published("9100/tcp", service="metrics", stack="", ingress=False),
    }
    assert turn(found, "w2")["ports"] == [80, 4000]


def test_tasks_of_services_outside_of_the_inventory_are_told():
    found = stale_site("w2")
    stack, node = found["m1"]["observation"]["stacks"]["hello"], found["m1"]["observation"]["nodes"][2]
    web = stack["services"]["web"]
    own = sum(task["node"] == node["id"] for task in web["tasks"])
    web["tasks"].append({**sites.task(9), "node": node["id"], "desired": "shutdown", "state": "failed"})
    for strangers, notes in (
        (0, ()),
        (1, ("1 task of a service outside of the inventory",)),
        (3, ("3 tasks of services outside",)),
    ):
        node["tasks"] = own + strangers
        told = sites.plan(sites.site(), found).hosts["w2"].notes
        assert [note.startswith(start) for note, start in zip(told, notes, strict=True)] == [True] * len(notes)
    node["state"] = "down"
    assert sites.plan(sites.site(), found).hosts["w2"].notes == ()
