"""Hosts that could not be reached: the others go on, and what stays undone is said."""

import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.report import dead_lines, plan_lines, site_lines
from sites import acts, deploy, make_plan, of_phase, phases

from tests.support.problems import told


def lose(found, *names, reason="no route to host"):
    """Let hosts of a converged site not answer; the managers see them down."""
    for number, name in enumerate(list(found), 1):
        if name in names:
            found[name] = {"desired": {"swarm": {"ansible_host": f"10.0.0.{number}"}}, "unreachable": reason}
            for host in found.values():
                for node in host.get("observation", {}).get("nodes", []):
                    if node["address"] == f"10.0.0.{number}":
                        node.update(state="down", reachability=node["reachability"] and "unreachable")
    return found


def three_managers():
    """A converged site with three managers."""
    found = sites.hosts(["m1", "m2", "m3"], lambda address, number: sites.converged(address, f"node-{number}", True))
    one = sites.converged_site()["m1"]["observation"]
    one["nodes"] = [sites.node(number, "manager") for number in (1, 2, 3)]
    one["nodes"][2]["labels"] = {"flotilla.volume.hello_redis-data": "true"}
    for host in found.values():
        host["observation"].update(stacks=one["stacks"], nodes=one["nodes"])
    found["m3"]["observation"]["volumes"] = {"hello": {"hello_redis-data": True}}
    return found


def unreached(plan):
    """What is said of each host that could not be reached."""
    assert plan["problems"] == []
    return {name: arguments["message"] for name, arguments in of_phase(plan, "unreachable").items()}


def test_unreachable_worker_stops_no_other():
    found = lose(sites.converged_site(), "w2")
    found["w1"]["observation"]["packages"]["docker.io"] = None
    plan = make_plan(sites.site(), found)
    assert acts(plan, "w1") == ["install docker.io"]
    assert phases(plan, "w2") == ["unreachable"]
    (text,) = unreached(plan).values()
    assert text.startswith(
        "w2 (10.0.0.3) could not be reached: no route to host. The swarm sees it as down. It was left"
    )
    found["w1"]["observation"]["packages"]["docker.io"] = "1"
    assert plan_lines(sites.plan(sites.site(), found))[0] == "Plan: nothing to do, all else is as the inventory says."


def test_unreachable_first_manager_leaves_its_work_to_the_next():
    found = lose(three_managers(), "m1")
    site = dict(sites.site(("m1", "m2", "m3"), ()), registry_host="")
    plan = make_plan(site, found)
    assert (plan["changes"], phases(plan, "m2"), phases(plan, "m3")) == (False, ["report"], [])
    assert "It is one of 3 managers, of which 2 are reachable; a majority is 2" in unreached(plan)["m1"]
    found["m2"]["observation"]["images"]["reg:5000/hello:1"] = None
    plan = make_plan(site, found)
    making = ["start_base_images", "build_images", "observe_images"]
    assert phases(plan, "m2") == ["lock", *making, "unlock", "report"]
    assert phases(plan, "m3") == ["observe_images"]
    found["m2"]["observation"]["images"]["reg:5000/hello:1"] = "sha256:e"
    assert [*of_phase(make_plan(site, found), "deploy")] == ["m2"]


def test_unreachable_builder_is_missed_only_where_no_other_can_take_its_place():
    site = dict(sites.site(("m1", "m2", "m3"), ()), registry_host="", builders=["m3", "m1"])
    found = lose(three_managers(), "m3")
    found["m1"]["observation"]["stacks"]["hello"]["services"]["redis"]["tasks"].clear()
    plan = make_plan(site, found)
    assert plan["problems"] == [] and not plan["changes"]
    problems = make_plan(dict(site, builders=["m3"]), found)["problems"]
    assert told(problems) == ["builder-unreachable: m3"]


def test_unreachable_registry_leaves_the_stack_and_says_so():
    site = dict(sites.site(("m1", "m2", "m3"), ()), registry_host="m3")
    found = lose(three_managers(), "m3")
    for name in ("m1", "m2"):
        found[name]["observation"].update(images={}, login="connection refused")
    site["stacks"][0]["environment"] = {"NAME": "Moby"}
    plan = make_plan(site, found)
    assert not plan["changes"]
    assert "It serves the registry: until it is back no image is made" in unreached(plan)["m3"]


def test_rollback_works_while_the_registry_is_unreachable():
    """All nodes keep the images of the last releases."""
    site = dict(sites.site(("m1", "m2", "m3"), ()), registry_host="m3", intent="rollback")
    found = lose(three_managers(), "m3")
    for name in ("m1", "m2"):
        found[name]["observation"].update(images={}, login="connection refused")
    file = found["m1"]["observation"]["stacks"]["hello"]["record"]["file"]
    found["m1"]["observation"]["stacks"]["hello"]["releases"] = [
        sites.release(number, text) for number, text in enumerate([file.replace("4000", "4001"), file], 1)
    ]
    plan = make_plan(site, found)
    assert acts(plan, "m1")[0] == "apply the changed stack file"
    assert "deploy" in phases(plan, "m1")
    assert "site.yml and deploy.yml leave the stack as it is" in unreached(plan)["m3"]


def test_killed_deploy_is_gone_back_from_while_the_registry_is_unreachable():
    site = dict(sites.site(("m1", "m2", "m3"), ()), registry_host="m3", intent="rollback")
    found = lose(three_managers(), "m3")
    images = [{"id": name, "names": [name, f"{name[:-2]}@sha256:d"], "used": True} for name in sites.REFERENCES]
    for name in ("m1", "m2"):
        found[name]["observation"].update(images={}, login="connection refused", local_images=images)
    stack = found["m1"]["observation"]["stacks"]["hello"]
    file = stack["record"]["file"]
    stack["releases"] = [sites.release(number, file.replace("4000", f"400{number}")) for number in (1, 2)]
    stack["record"]["file"] = stack["releases"][-1]["file"]
    stack["services"]["web"] = sites.service(3)
    assert make_plan(site, found)["notes"][0].startswith("back to release 2 of T. A deploy that was begun and not re")


def test_service_whose_data_is_on_an_unreachable_host_is_not_waited_for():
    found = lose(sites.converged_site(), "w1")
    found["m1"]["observation"]["stacks"]["hello"]["services"]["redis"]["tasks"].clear()
    plan, site = make_plan(sites.site(), found), sites.site()
    assert not plan["changes"]
    site["stacks"][0]["text"] += "networks: {}\n"
    assert deploy(make_plan(site, found))["skip_wait_for"] == ["redis"]
    assert "Service redis runs only there, where its data is" in unreached(plan)["w1"]


def test_changed_host_key_is_explained():
    found = lose(sites.converged_site(), "w2", reason="@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @")
    assert "ssh-keygen -R 10.0.0.3" in unreached(make_plan(sites.site(), found))["w2"]


def test_retired_host_may_be_away_for_ever():
    found = lose(sites.converged_site(), "w2")
    site = sites.site(workers=("w1",), retire=("w2",))
    assert "If it is gone for good: -e swarm_remove_dead=w2" in unreached(make_plan(site, found))["w2"]
    found["m1"]["observation"]["nodes"].pop()
    assert unreached(make_plan(site, found)) == {}
    assert not make_plan(site, found)["changes"]


def test_dead_nodes_of_nobody_are_named_with_the_way_out():
    nodes = [sites.node(1, "manager"), sites.node(2, "worker", state="down"), sites.node(3, "worker", state="down")]
    (line, _empty) = dead_lines({"10.0.0.1": "m1", "10.0.0.3": "w2"}, sites.nodes(*nodes))
    assert line.endswith("If it is gone for good, remove its entry: -e swarm_remove_dead=host-2")
    nodes[2]["hostname"] = "host-2"
    assert dead_lines({}, sites.nodes(*nodes))[0].endswith("swarm_remove_dead=node-2")


def show(names, found):
    """What a run says at its end of a site."""
    observed = found["m1"]["observation"]
    return site_lines(names, sites.nodes(*observed["nodes"]), {"hello": sites.stack(observed["stacks"]["hello"])}, {})


def misdirected():
    """A converged site whose inventory has a wrong address of w2, which goes on running; and the names by address."""
    found = sites.converged_site()
    found["w2"] = {"desired": {"swarm": {"ansible_host": "10.0.0.9"}}, "unreachable": "no route to host"}
    found["m1"]["observation"]["nodes"][2]["hostname"] = "w2"
    for service in found["m1"]["observation"]["stacks"]["hello"]["services"].values():
        service["spec"]["TaskTemplate"]["ContainerSpec"] = {"Image": "hello"}
    return found, {"10.0.0.1": "m1", "10.0.0.2": "w1", "10.0.0.9": "w2"}


def test_member_with_a_wrong_address_is_not_said_to_be_unknown():
    found, names = misdirected()
    text = unreached(make_plan(sites.site(), found))["w2"]
    assert "The swarm has a node of this name at 10.0.0.3; if the inventory has a wrong address, correct it." in text
    nodes = found["m1"]["observation"]["nodes"]
    assert dead_lines(names, sites.nodes(*nodes)) == []
    lines = show(names, found)
    assert any(line.startswith("w2 (at another address than in the inventory)  10.0.0.3 ") for line in lines)
    nodes[2]["state"] = "down"
    assert dead_lines(names, sites.nodes(*nodes))[0].startswith(
        "w2 (10.0.0.3) is down, and at 10.0.0.9 in the inventory. If"
    )


def test_node_of_nobody_is_still_not_in_the_inventory():
    found, names = misdirected()
    found["m1"]["observation"]["nodes"][2]["hostname"] = "w1"
    lines = show(names, found)
    assert any(line.startswith("w1 (not in the inventory)  10.0.0.3 ") for line in lines)
    text = unreached(make_plan(sites.site(), found))["w2"]
    assert "of this name" not in text
