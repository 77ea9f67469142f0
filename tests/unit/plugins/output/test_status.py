"""Status: what a person sees of a site."""

import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import Unreachable, read_observed
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output import status
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.arguments.preflight import Pending, ReportStatus

AWAY = Unreachable("Task failed: Failed to connect to the host via ssh: No route to host")
NAMES = {"10.0.0.1": "m1", "10.0.0.2": "w1", "10.0.0.3": "w2"}


def test_member_with_a_wrong_address_is_one_problem():
    found = sites.converged_site()
    found["m1"]["observation"]["nodes"][2]["hostname"] = "w2"
    state = describe(found, {"10.0.0.1": "m1", "10.0.0.2": "w1", "10.0.0.9": "w2"})
    assert state.problems == (
        "w2 is at 10.0.0.3 in the swarm and at 10.0.0.9 in the inventory; correct the inventory, or run site.yml if "
        "the host has moved",
    )


def test_page_that_was_asked_for_at_a_port_that_is_not_published_is_no_problem():
    found = sites.converged_site()
    found["w2"]["observation"]["pages"]["hello"] = "refused"
    found["m1"]["observation"]["stacks"]["hello"]["services"]["web"]["ports"] = [4001]
    assert describe(found, port=4000).problems == ()
    assert describe(found, port=4001).problems == ("w2 does not answer the page: refused",)


def running(observed):
    return {name: sites.stack(found) for name, found in observed["stacks"].items()}


def describe(found, names=NAMES, port=4000, problems=(), pending=(), **others):
    """Status of a converged site with changes."""
    one = found["m1"]["observation"]
    one["stacks"]["hello"]["services"]["web"].setdefault("ports", [4000])
    for service in one["stacks"]["hello"]["services"].values():
        for spec in (service["spec"], *one["stacks"]["hello"]["record"]["specs"].values()):
            spec["TaskTemplate"]["ContainerSpec"] = {"Image": "reg:5000/hello@sha256:d"}
    observed = {name: read_observed(name, host["observation"]) for name, host in found.items()} | others
    report = ReportStatus(hosts=(), names=names, ports={"hello": port}, problems=problems, pending=pending)
    return status.describe(sites.nodes(*one["nodes"]), running(one), observed, report)


def test_converged_site_has_no_problem():
    found = sites.converged_site()
    state = describe(found)
    assert state.problems == ()
    assert [service.running for service in state.services] == [5, 1]
    assert state.releases[0].images == ("reg:5000/hello@sha256:d", "reg:5000/redis@sha256:d")
    observed = found["m1"]["observation"]
    lines = status.lines(state, NAMES, sites.nodes(*observed["nodes"]), running(observed))
    assert "1 (runs)  T   me@here    hello@d redis@d" in lines
    assert lines[-1] == "No problem found, and all is as the inventory says."


def test_problems_are_told():
    found = sites.converged_site()
    observed = found["m1"]["observation"]
    observed["nodes"][1].update(state="down")
    observed["nodes"][2].update(availability="drain")
    observed["nodes"].append(sites.node(4, "worker"))
    found["w2"]["observation"]["pages"]["hello"] = "refused"
    observed["stacks"]["hello"]["services"]["web"]["tasks"][0].update(state="failed", error="exit 1", updated="9")
    observed["stacks"]["hello"]["record"]["specs"]["redis"]["Mode"] = {"Replicated": {"Replicas": 2}}
    assert [*describe(found, w1=AWAY).problems] == [
        "w1 could not be observed: Failed to connect to the host via ssh: No route to host",
        "w2 does not answer the page: refused",
        "w1 is down",
        "host-4 (10.0.0.4) is in the swarm and not in the inventory",
        "web is at 4/5",
        "web.1 on m1 is failed: exit 1",
        "not as release 1 was: set service redis right (Mode.Replicated.Replicas is 1, expected 2); run site.yml",
    ]


def test_what_a_run_would_do_stands_before_the_problems():
    found = sites.converged_site()
    pending = (Pending(hosts=("m1", "w1", "w2"), text="write a file"), Pending(hosts=("w2",), text="start docker"))
    state = describe(found, problems=("host-clock: w2: found another time",), pending=pending)
    observed = found["m1"]["observation"]
    assert status.lines(state, NAMES, sites.nodes(*observed["nodes"]), running(observed))[-4:] == [
        "Not as the inventory says. A run of site.yml would:",
        "  all 3 hosts: write a file",
        "  w2: start docker",
        "Problem: host-clock: w2: found another time",
    ]


def test_service_that_crashes_again_and_again_is_a_problem_even_while_it_runs():
    found = sites.converged_site()
    web = found["m1"]["observation"]["stacks"]["hello"]["services"]["web"]
    dead = {
        **web["tasks"][0],
        "state": "failed",
        "desired": "shutdown",
        "error": "exit 1",
        "since": "2026-01-01T10:00:00.1Z",
    }
    web["tasks"].append(dead)
    assert describe(found).problems == ()
    web["crashes"] = 3
    assert describe(found).problems == (
        "web crashes again and again: 3 of its tasks failed in one place within the last hour, the last one at "
        "2026-01-01T10:00:00Z on m1: exit 1",
    )


def crowded(constraints=()):
    """A site with all web tasks on one node."""
    found = sites.converged_site()
    web = found["m1"]["observation"]["stacks"]["hello"]["services"]["web"]
    for task in web["tasks"]:
        task["node"] = "node-1"
    for spec in (web["spec"], found["m1"]["observation"]["stacks"]["hello"]["record"]["specs"]["web"]):
        spec["TaskTemplate"]["Placement"] = {"Constraints": list(constraints)}
    return found


def test_tasks_that_are_all_on_one_node_are_a_problem_where_others_have_room():
    found = crowded()
    assert describe(found).problems == (
        "all 5 tasks of web are on m1, though w1, w2 could take some; playbooks/rebalance.yml spreads them",
    )
    for node in found["m1"]["observation"]["nodes"][1:]:
        node["state"] = "down"
    assert not any("could take some" in problem for problem in describe(found).problems)


def test_tasks_that_may_run_on_one_node_only_are_no_problem():
    assert describe(crowded(["node.role == manager"])).problems == ()
