"""What is read off the engine's answers about a swarm."""

import pytest
from ansible_collections.flotilla.swarm.plugins.module_utils import releases, swarm
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.swarm import Eviction

READY = {"LocalNodeState": "active", "ControlAvailable": True, "Cluster": {"ID": "cluster-1"}}


@pytest.mark.parametrize(("told", "port"), [({}, 4789), ({"DataPathPort": 0}, 4789), ({"DataPathPort": 7777}, 7777)])
def test_port_of_overlay_networks_is_the_usual_one_unless_another_is_told(told, port):
    assert swarm.membership({"Swarm": {**READY, "Cluster": told}}).data_port == port


class Starting:
    """A manager's engine that is not what it will be for some answers."""

    def __init__(self, answers, **meanwhile):
        self.left, self.meanwhile = answers, meanwhile

    def get(self, _path):
        self.left -= 1
        return {"Swarm": READY if self.left < 0 else {**READY, "Cluster": {}, **self.meanwhile}}


@pytest.mark.parametrize(
    "meanwhile", [{}, {"LocalNodeState": "pending", "ControlAvailable": False}], ids=["lost its leader", "has booted"]
)
def test_engine_that_has_yet_to_start_is_asked_again(monkeypatch, meanwhile):
    monkeypatch.setattr(swarm.time, "sleep", lambda _seconds: None)
    assert swarm.membership(swarm.ask(Starting(3, **meanwhile))).cluster_id == "cluster-1"
    assert swarm.membership(swarm.ask(Starting(3, **meanwhile), seconds=-1)).cluster_id == ""


def test_stacks_of_which_something_is_kept_are_told_whoever_asks():
    labels = [{"flotilla.stack": "shop"}, {"flotilla.stack": "hello"}, {"flotilla.stack": "shop"}, {"own": "x"}, None]
    configs = [{"Spec": {"Name": str(number), "Labels": each}} for number, each in enumerate(labels)]
    assert releases.owners(configs) == ("hello", "shop")
    begun = [{"Spec": {"Name": "wiki_web", "Labels": {"flotilla.stack": "wiki"}}}]
    assert releases.owners(configs, begun) == ("hello", "shop", "wiki")


def test_eviction_is_noted_in_the_labels_of_a_config():
    labels = {"flotilla.host": "w3", "flotilla.address": "10.0.0.4", "flotilla.node": "n4"}
    labels["flotilla.manager"] = "false"
    noted = {"Spec": {"Name": swarm.EVICTION, "Labels": labels}, "CreatedAt": "T"}
    other = {"Spec": {"Name": "hello_config", "Labels": None}}
    expected = Eviction(host="w3", address="10.0.0.4", node="n4", manager=False, created="T")
    assert swarm._eviction([other, noted]) == expected
    assert swarm._eviction([other]) is None
