"""Images are on every node that may run them before an update begins."""

import pytest
import sites
from sites import acts, make_plan, of_phase, phases

HELLO, REDIS = "reg:5000/hello@sha256:d", "reg:5000/redis@sha256:d"


def emptied(*names):
    """The site with hosts that have no images."""
    found = sites.converged_site()
    for name in names:
        found[name]["observation"]["local_images"] = []
    return found


def changed(text="networks: {}\n", **groups):
    """The site with a changed stack file."""
    site = sites.site(**groups)
    site["stacks"][0]["text"] += text
    return site


def told(plan):
    """Images to pull by host, as a user is told."""
    texts = {name: [text for text in acts(plan, name) if text.startswith("pull ")] for name in plan["hosts"]}
    return {name: [text.removeprefix("pull ") for text in found] for name, found in texts.items() if found}


def pulls(plan):
    """Images to pull by host, which are those that a user is told of."""
    found = {name: arguments["images"] for name, arguments in of_phase(plan, "pull_images").items()}
    assert found == told(plan)
    return found


def test_nodes_pull_what_they_lack_and_may_have_to_run():
    # Redis is pinned to w1.
    assert pulls(make_plan(changed(), emptied("m1", "w1"))) == {"m1": [HELLO], "w1": [HELLO, REDIS]}


def test_nothing_is_pulled_where_nothing_is_deployed():
    assert make_plan(sites.site(), emptied("m1", "w1", "w2"))["changes"] is False


def test_nothing_is_pulled_before_the_first_deploy():
    found = emptied("w1")
    found["m1"]["observation"]["stacks"]["hello"].update(services={}, record=None, releases=[])
    plan = make_plan(sites.site(), found)
    assert acts(plan, "m1") == ["deploy it for the first time"]
    assert pulls(plan) == {}


@pytest.mark.parametrize("availability", ["drain", "pause"])
def test_node_that_takes_no_tasks_pulls_nothing(availability):
    found = emptied("w2")
    found["w2"]["desired"]["swarm"]["availability"] = availability
    assert pulls(make_plan(changed(), found)) == {}


def test_unreachable_host_keeps_nobody_from_pulling():
    found = emptied("w1")
    found["w2"] = {"desired": {"swarm": {"ansible_host": "10.0.0.3"}}, "unreachable": "no route to host"}
    plan = make_plan(changed(), found)
    assert pulls(plan) == {"w1": [HELLO, REDIS]}
    assert phases(plan, "w2") == ["unreachable"]


@pytest.mark.parametrize("away", [(), ("w2",)])
def test_constraint_that_is_none_is_a_problem_also_where_a_node_might_pull_for_it(away):
    site, found = changed("  job: {image: 'reg:5000/job:1', deploy: {placement: {constraints: [node.role = x]}}}\n"), {}
    for name, host in sites.converged_site().items():
        found[name] = {"desired": host["desired"], "unreachable": "no route to host"} if name in away else host
    (problem,) = make_plan(site, found)["problems"]
    assert problem.code == "service-invalid"
    assert problem.where == "stacks.hello.files: services.job.deploy.placement.constraints"


def test_host_that_leaves_pulls_nothing():
    assert pulls(make_plan(changed(workers=("w1",), retire=("w2",)), emptied("w2"))) == {}


def test_host_that_joins_pulls():
    found = emptied()
    found["w3"] = {"desired": sites.desired("10.0.0.4"), "observation": sites.bare("10.0.0.4")}
    assert pulls(make_plan(changed(workers=("w1", "w2", "w3")), found)) == {"w3": [HELLO]}


def test_image_of_this_run_is_pulled_by_all_but_its_builder():
    found = sites.converged_site()
    found["m1"]["observation"]["images"]["reg:5000/hello:1"] = None
    plan = make_plan(sites.site(), found)
    assert told(plan) == {"w1": ["reg:5000/hello:1"], "w2": ["reg:5000/hello:1"]}
    assert of_phase(plan, "pull_images") == {}
    built = "reg:5000/hello@sha256:new"
    found["m1"]["observation"]["images"]["reg:5000/hello:1"] = "sha256:new"
    found["m1"]["observation"]["local_images"].append(
        {"id": "new", "names": ["reg:5000/hello:1", built], "used": False}
    )
    assert pulls(make_plan(sites.site(), found)) == {"w1": [built], "w2": [built]}


def test_image_from_elsewhere_is_left_to_swarm():
    text = "  cache: {image: docker.io/library/redis:8}\n"
    assert pulls(make_plan(changed(text), sites.converged_site())) == {}


def test_deploy_and_rollback_pull_too():
    site = changed()
    assert pulls(make_plan(dict(site, intent="deploy"), emptied("w2"))) == {"w2": [HELLO]}
    found = emptied("w2")
    stack = found["m1"]["observation"]["stacks"]["hello"]
    now = stack["record"]["file"]
    stack["releases"] = [sites.release(1, now.replace("4000", "4001")), sites.release(2, now)]
    assert pulls(make_plan(dict(sites.site(), intent="rollback"), found)) == {"w2": [HELLO]}
