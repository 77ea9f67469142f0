"""Status: what a person sees of a site."""

import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import Unreachable, read_observed
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output import status

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


def describe(found, names=NAMES, port=4000, **others):
    """Status of a converged site with changes."""
    one = found["m1"]["observation"]
    one["stacks"]["hello"]["services"]["web"].setdefault("ports", [4000])
    for service in one["stacks"]["hello"]["services"].values():
        for spec in (service["spec"], *one["stacks"]["hello"]["record"]["specs"].values()):
            spec["TaskTemplate"]["ContainerSpec"] = {"Image": "reg:5000/hello@sha256:d"}
    observed = {name: read_observed(name, host["observation"]) for name, host in found.items()} | others
    return status.describe(names, sites.nodes(*one["nodes"]), running(one), observed, {"hello": port})


def test_converged_site_has_no_problem():
    found = sites.converged_site()
    state = describe(found)
    assert state.problems == ()
    assert [service.running for service in state.services] == [5, 1]
    assert state.releases[0].images == ("reg:5000/hello@sha256:d", "reg:5000/redis@sha256:d")
    observed = found["m1"]["observation"]
    lines = status.lines(state, NAMES, sites.nodes(*observed["nodes"]), running(observed))
    assert "1 (runs)  T   me@here    hello@d redis@d" in lines
    assert lines[-1] == "No problem found."


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
        "w2 takes no tasks, its availability is drain",
        "host-4 (10.0.0.4) is in the swarm and not in the inventory",
        "web is at 4/5",
        "web.1 on m1 is failed: exit 1",
        "not as release 1 was: set service redis right (Mode.Replicated.Replicas is 1, expected 2); run site.yml",
    ]
