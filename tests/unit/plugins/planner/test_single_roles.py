"""What a role plans that runs alone."""

import pytest
import sites

from tests.support.problems import told

PLACE = {"flotilla.volume.hello_redis-data": "true"}


def site(intent, **given):
    return {**sites.site(**given), "intent": intent}


def unplaced():
    """A swarm as role swarm leaves it, with the images in the registry."""
    found = sites.set_up_site()
    for node in found["m1"]["observation"]["nodes"]:
        node["labels"] = {}
    return found


def test_docker_alone_installs_nothing_of_other_roles():
    found = sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address))
    found["m1"]["desired"]["registry_server"] = {"packages": ["docker-registry"]}
    found["m1"]["observation"]["packages"] |= {"docker-registry": None}
    packages = {
        intent: sites.plan(site(intent), found).hosts["m1"].install_docker.packages for intent in ("docker", "site")
    }
    assert packages["docker"] == ("docker-cli", "docker.io", "python3-docker")
    assert "docker-registry" in packages["site"]


def test_stack_alone_places_its_data_and_changes_nothing_else_of_the_swarm():
    found = unplaced()
    found["w2"]["desired"]["swarm"].update(node_labels={"disk": "ssd"}, availability="drain")
    plan = sites.plan(site("stack"), found)
    assert plan.problems == ()
    (join,) = [host.join_workers for host in plan.hosts.values() if host.join_workers]
    assert (plan.hosts["w1"].join_workers, dict(join.labels), join.joins, join.promote) == (join, PLACE, False, False)
    assert plan.hosts["m1"].deploy and plan.hosts["m1"].lock and plan.hosts["m1"].unlock


def test_stack_alone_lets_no_host_join():
    found = unplaced()
    found["w1"]["observation"]["swarm"] = sites.bare("10.0.0.2")["swarm"]
    found["m1"]["observation"]["nodes"] = [
        found["m1"]["observation"]["nodes"][0],
        found["m1"]["observation"]["nodes"][2],
    ]
    found["w1"]["observation"]["swarm"]["state"] = "inactive"
    found["w2"]["desired"]["swarm"]["availability"] = "drain"
    assert told(sites.plan(site("stack"), found).problems) == ["site-not-set-up: role stack"]


@pytest.mark.parametrize("intent", ["swarm", "site"])
def test_swarm_alone_empties_no_node_that_has_data_either(intent):
    found = sites.converged_site()
    found["w1"]["desired"]["swarm"]["availability"] = "drain"
    assert told(sites.plan(site(intent), found).problems) == ["node-has-data: w1"]


def test_swarm_alone_places_no_data():
    assert not sites.plan(site("swarm"), unplaced()).has_changes
