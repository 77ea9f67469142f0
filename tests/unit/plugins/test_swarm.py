"""What is read off the engine's answers about a swarm."""

import pytest
from ansible_collections.flotilla.swarm.plugins.module_utils import swarm

SPEC = {
    "ContainerSpec": {"Image": "hello"},
    "Placement": {"Constraints": ["node.role == worker"]},
    "Runtime": "container",
}
TASK = {"ID": "t", "DesiredState": "running", "Status": {"State": "running"}, "UpdatedAt": "1"}


@pytest.mark.parametrize(
    ("change", "current"),
    [({}, True), ({"Placement": {}}, True), ({"ContainerSpec": {"Image": "other"}}, False)],
    ids=["same", "placed otherwise", "other image"],
)
def test_task_is_of_the_newest_spec_unless_swarm_would_replace_it(change, current):
    service = {"Spec": {"TaskTemplate": SPEC}}
    assert swarm._task({**TASK, "Spec": {**SPEC, "Runtime": None, **change}}, service)["current"] is current


class Electing:
    """A manager's engine that has no leader for some answers."""

    def __init__(self, answers):
        self.left = answers

    def get(self, _path):
        self.left -= 1
        cluster = {"ID": "cluster-1"} if self.left < 0 else {}
        return {"Swarm": {"LocalNodeState": "active", "ControlAvailable": True, "Cluster": cluster}}


def test_manager_that_has_lost_its_leader_is_asked_again(monkeypatch):
    monkeypatch.setattr(swarm.time, "sleep", lambda _seconds: None)
    assert swarm.membership(swarm.ask(Electing(3)))["cluster_id"] == "cluster-1"
    assert swarm.membership(swarm.ask(Electing(3), seconds=-1))["cluster_id"] == ""
