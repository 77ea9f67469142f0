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
