"""What a host says of itself counts only where the swarm's manager says the same."""

import sites


def told(found, managers=("m1",), workers=("w1", "w2")):
    problems = sites.plan(sites.site(managers, workers), found).problems
    return [(problem.code.value, problem.hosts) for problem in problems]


def test_hosts_that_say_what_the_manager_says_are_believed():
    assert told(sites.converged_site()) == []


def test_two_hosts_that_are_the_same_node_are_refused():
    found = sites.converged_site()
    found["w2"]["observation"]["swarm"]["node_id"] = "node-2"
    assert told(found) == [("node-claimed", ("w1", "w2"))]


def test_a_worker_that_answers_as_a_manager_is_refused():
    found = sites.converged_site()
    manager, worker = (found[name]["observation"] for name in ("m1", "w1"))
    worker["nodes"] = manager["nodes"]
    worker["swarm"] |= {"manager": True, "cluster_id": manager["swarm"]["cluster_id"]}
    assert told(found) == [("node-claimed", ("w1",))]
