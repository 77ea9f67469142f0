"""Restarts of engines: their order, and what is moved off a host meanwhile."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.checks.site import batch_size_is_valid
from sites import acts, make_plan, of_phase

from tests.support.problems import told

OLD = {"files": {"/etc/docker/daemon.json": sites.file_of("old")}}
START_FIRST = {"UpdateConfig": {"Order": "start-first"}}
MESH = {"EndpointSpec": {"Ports": [{"Protocol": "tcp", "PublishMode": "ingress", "PublishedPort": 4000}]}}
PINNED = {"Placement": {"Constraints": ["node.labels.flotilla.volume.hello_redis-data == true"]}}


def stale_site(*stale):
    """A converged site with web on all nodes, Redis on w1, and engines that need a restart."""
    found = sites.converged_site()
    for name in stale:
        found[name]["observation"]["files"].update(OLD["files"])
    stack = found["m1"]["observation"]["stacks"]["hello"]
    web, redis = stack["services"]["web"], stack["services"]["redis"]
    web["spec"] |= START_FIRST | MESH
    redis["spec"]["TaskTemplate"] |= PINNED
    redis["tasks"][0]["node"] = "node-2"
    stack["record"]["specs"] = {"web": {**web["spec"]}, "redis": {**redis["spec"]}}
    found["w1"]["observation"]["volumes"] = {"hello": {"hello_redis-data": True}}
    found["m1"]["observation"]["published"] = sites.published("4000/tcp")
    return found


def web_of(found):
    return found["m1"]["observation"]["stacks"]["hello"]["services"]["web"]


def turn(found, host):
    return of_phase(make_plan(sites.site(), found), "restart_engine")[host]["turn"]


def three_managers():
    """Two more managers beside the converged site's; every engine needs a restart."""
    found = stale_site("m1", "w1", "w2")
    for number, name in ((4, "m2"), (5, "m3")):
        found[name] = {
            "desired": sites.desired(f"10.0.0.{number}"),
            "observation": sites.converged(f"10.0.0.{number}", f"node-{number}", manager=True),
        }
        found[name]["observation"]["files"].update(OLD["files"])
        found["m1"]["observation"]["nodes"].append(sites.node(number, "manager"))
    return found


SITE_OF_THREE = sites.site(managers=("m1", "m2", "m3"))


def test_hosts_without_data_go_first_and_the_leader_last():
    plan = sites.plan(SITE_OF_THREE, three_managers())
    assert plan.phases()["restart_engine"] == ["w2", "w1", "m2", "m3", "m1"]
    assert plan.notes == ("hosts are changed one after another: w2, w1, m2, m3, m1",)


def large_site(workers=8):
    """Three managers and many workers, Redis on w1; every engine needs a restart."""
    found = three_managers()
    nodes = found["m1"]["observation"]["nodes"]
    for number in range(6, 4 + workers):
        name, address = f"w{number - 3}", f"10.0.0.{number}"
        found[name] = {"desired": sites.desired(address), "observation": sites.converged(address, f"node-{number}")}
        found[name]["observation"]["files"].update(OLD["files"])
        nodes.append(sites.node(number, "worker"))
    return found


def batches(found, size, **changes):
    workers = [name for name in found if name.startswith("w")]
    site = {**sites.site(managers=("m1", "m2", "m3"), workers=workers), "batch_size": size, **changes}
    plan = sites.plan(site, found)
    sizes, order = plan.batch_sizes()["restart_engine"], iter(plan.phases()["restart_engine"])
    assert plan.notes
    return [" ".join(next(order) for _ in range(size)) for size in sizes]


MANAGERS_LAST = ["m2", "m3", "m1"]


def test_workers_are_changed_in_batches_after_a_first_one():
    found = large_site()
    assert batches(found, 3) == ["w2", "w3 w4 w5", "w6 w7 w8", "w1", *MANAGERS_LAST]
    assert batches(found, "25%") == ["w2", "w3 w4", "w5 w6", "w7 w8", "w1", *MANAGERS_LAST]
    assert batches(found, "5%")[:3] == ["w2", "w3", "w4"]


def test_as_many_nodes_stay_as_are_changed():
    found = large_site()
    for node in found["m1"]["observation"]["nodes"]:
        if node["role"] == "manager" or node["hostname"] == "host-2":
            node["state"] = "down" if node["role"] == "worker" else "ready"
            node["availability"] = "drain"
    for name in ("m1", "m2", "m3"):
        found[name]["desired"]["swarm"]["availability"] = "drain"
    assert batches(found, 8)[:3] == ["w2", "w3 w4 w5", "w6 w7 w8"]


def test_a_batch_leaves_room_for_every_service():
    found = large_site()
    web_of(found)["spec"]["TaskTemplate"] = {"ForceUpdate": 0, "Placement": {"Constraints": ["node.labels.web == yes"]}}
    found["m1"]["observation"]["stacks"]["hello"]["record"]["specs"]["web"] = dict(web_of(found)["spec"])
    for node in found["m1"]["observation"]["nodes"]:
        if node["hostname"] in ("host-6", "host-7"):
            node["labels"] = {"web": "yes"}
            found[f"w{int(node['hostname'][5:]) - 3}"]["desired"]["swarm"]["node_labels"] = {"web": "yes"}
    assert batches(found, 3)[:4] == ["w2", "w3", "w4 w5 w6", "w7 w8"]


def test_where_only_swarm_judges_the_room_hosts_are_changed_singly():
    found = large_site()
    web_of(found)["spec"]["TaskTemplate"] = {
        "ForceUpdate": 0,
        "Resources": {"Reservations": {"MemoryBytes": 1 << 28}},
    }
    found["m1"]["observation"]["stacks"]["hello"]["record"]["specs"]["web"] = dict(web_of(found)["spec"])
    assert batches(found, 3)[:3] == ["w2", "w3", "w4"]


def test_visitors_of_a_batch_are_led_out_of_it():
    found = large_site()
    site = {**sites.site(managers=("m1", "m2", "m3"), workers=[name for name in found if name[0] == "w"])}
    turns = of_phase(make_plan({**site, "batch_size": 3}, found), "restart_engine")
    nodes = {node["id"]: node["address"] for node in found["m1"]["observation"]["nodes"]}
    batch = [nodes[turns[name]["turn"]["node"]] for name in ("w3", "w4", "w5")]
    assert all(set(turns[name]["turn"]["redirects"]).isdisjoint(batch) for name in ("w3", "w4", "w5"))


@pytest.mark.parametrize("size", ["0", "-1", "101%", "half", "", "3 %"])
def test_batch_size_that_is_none(size):
    site = sites.read_site({**sites.site(), "batch_size": size})
    (problem,) = batch_size_is_valid(site)
    assert problem.where == "docker_batch_size"


def test_no_manager_is_changed_while_another_is_dead():
    found = three_managers()
    found["m1"]["observation"]["nodes"][-1].update(reachability="unreachable", state="down")
    (problem,) = sites.make_plan(SITE_OF_THREE, found)["problems"]
    assert told([problem]) == ["majority-at-risk"]
    assert problem.found == "changing m1 would leave 1 of 3 managers alive"


def test_a_node_that_managers_have_lost_has_nothing_to_move():
    found = stale_site("w2")
    found["m1"]["observation"]["nodes"][2]["state"] = "down"
    assert turn(found, "w2")["moves"] == []
    assert turn(found, "w2")["node"] == ""


def test_a_node_that_managers_have_lost_makes_the_run_red_unless_its_engine_is_restarted():
    for stale, red in ((), ["w2"]), (("w2",), []):
        found = stale_site(*stale)
        found["m1"]["observation"]["nodes"][2]["state"] = "down"
        assert [*of_phase(make_plan(sites.site(), found), "unreachable")] == red


def test_tasks_that_can_run_elsewhere_are_moved_and_visitors_led_elsewhere():
    found = turn(stale_site("w2"), "w2")
    assert found["moves"] == [{"stack": "hello", "service": "web", "timeout": 600}]
    assert (found["manager"], found["node"]) == ("m1", "node-3")
    assert (found["redirects"], found["ports"]) == (["10.0.0.1", "10.0.0.2"], [4000])


def test_a_manager_acts_for_itself():
    assert turn(stale_site("m1"), "m1")["manager"] == "m1"


def test_a_service_that_stays_is_told():
    (note,) = sites.plan(sites.site(), stale_site("w1")).hosts["w1"].notes
    assert "hello_redis" in note
    assert sites.plan(sites.site(), stale_site("w2")).hosts["w2"].notes == ()


def with_spec(**changes):
    return lambda found: web_of(found)["spec"].update(changes)


def with_template(**placement):
    return lambda found: web_of(found)["spec"]["TaskTemplate"].update(Placement=placement)


def others_are(**changes):
    def change(found):
        for node in found["m1"]["observation"]["nodes"][:2]:
            node.update(changes)

    return change


@pytest.mark.parametrize(
    "change",
    [
        with_spec(UpdateConfig={"Order": "stop-first"}),
        with_spec(Mode={"Global": {}}),
        with_template(Constraints=["node.hostname == host-3"]),
        with_template(MaxReplicas=2),
        others_are(state="down"),
        others_are(availability="drain"),
    ],
    ids=["stop-first", "global", "constraint", "limit", "others down", "others drained"],
)
def test_what_no_other_node_can_run_first_stays(change):
    found = stale_site("w2")
    change(found)
    assert turn(found, "w2")["moves"] == []
    assert turn(found, "w2")["node"] == ""


def test_the_only_host_keeps_its_tasks_and_its_visitors():
    found = stale_site("m1")
    found["m1"]["observation"]["nodes"] = found["m1"]["observation"]["nodes"][:1]
    found = {"m1": found["m1"]}
    found["m1"]["observation"]["nodes"][0]["labels"] = {"flotilla.volume.hello_redis-data": "true"}
    found["m1"]["observation"]["volumes"] = {"hello": {"hello_redis-data": True}}
    made = of_phase(make_plan(sites.site(workers=()), found), "restart_engine")["m1"]["turn"]
    assert (made["node"], made["redirects"], made["ports"]) == ("", [], [])


def test_engine_whose_network_is_damaged_is_restarted_in_its_turn():
    found = sites.converged_site()
    found["w2"]["observation"]["system"]["time"] = 1000
    found["w2"]["observation"]["mesh"]["bridge"] = False
    plan = make_plan(sites.site(), found)
    assert acts(plan, "w2") == ["restart docker, whose network is damaged: its bridge docker_gwbridge is gone"]
    arguments = of_phase(plan, "restart_engine")["w2"]
    assert (arguments["restart"], arguments["turn_on_forwarding"]) == (True, False)


def test_forwarding_is_turned_on_without_a_restart():
    found = sites.converged_site()
    found["w2"]["observation"]["mesh"]["forwards"] = False
    plan = make_plan(sites.site(), found)
    assert acts(plan, "w2") == ["let the kernel pass packets on (net.ipv4.ip_forward is 0)"]
    assert of_phase(plan, "install_docker")["w2"]["turn_on_forwarding"]


def test_device_that_keeps_tasks_off_a_host_is_deleted_once_engines_run():
    found = sites.converged_site()
    found["w2"]["observation"]["mesh"]["strays"] = ["vx-001001-m1m02"]
    plan = make_plan(sites.site(), found)
    (act,) = acts(plan, "w2")
    assert act.startswith("delete vx-001001-m1m02, ")
    assert of_phase(plan, "delete_devices") == {"w2": {"devices": ["vx-001001-m1m02"]}}


def test_manager_that_starts_locked_is_not_restarted():
    found = stale_site("m1")
    found["m1"]["observation"]["swarm"]["autolock"] = True
    (problem,) = make_plan(sites.site(), found)["problems"]
    assert told([problem]) == ["swarm-autolocked: m1"]
    assert "--autolock=false" in problem.fix
    # Nor by a run that restarts none.
    for intent in ("deploy", "stack"):
        assert told(make_plan({**sites.site(), "intent": intent}, found)["problems"]) == []
    workers = stale_site("w1")
    workers["m1"]["observation"]["swarm"]["autolock"] = True
    assert make_plan(sites.site(), workers)["problems"] == []
