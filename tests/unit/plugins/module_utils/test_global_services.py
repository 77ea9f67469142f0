"""How many tasks a global service should have; Swarm itself counts only those that are to run at the moment."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.module_utils import stacks
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.state import judge

PLACEMENT = {"Constraints": ["node.role == worker"]}
DRAINED, DOWN = 3, 4
NODES = sites.nodes(
    *(sites.node(number, "worker") for number in (1, 2, 5, 6, 7, 8, 9)),
    sites.node(DRAINED, "worker", availability="drain"),
    sites.node(DOWN, "worker", state="down"),
)

ERRORS = {"failed": "exit 1", "rejected": "assigned node no longer meets constraints"}


class Engine:
    """An engine without secrets and networks."""

    def get(self, _path, **_query):
        return []


def task(node, state="running", desired="running", updated="2", **spec):
    """A task as managers list it."""
    return {
        "ID": f"{node}-{state}-{updated}",
        "ServiceID": "agent",
        "NodeID": f"node-{node}",
        "DesiredState": desired,
        "Status": {"State": state, "Err": ERRORS.get(state, ""), "Timestamp": updated},
        "UpdatedAt": updated,
        "Spec": spec,
    }


def failed(node, updated="2", **spec):
    return task(node, "failed", "shutdown", updated, **spec)


def ended(node):
    return task(node, "complete", "shutdown")


def waiting(node):
    """A task that is started after the delay between restarts."""
    return task(node, "ready", "ready", "9")


def described(*tasks, condition="any", mode="Global", desired=0):
    """Describe a service with these tasks."""
    spec = {"ContainerSpec": {"Image": "agent"}, "Placement": PLACEMENT, "RestartPolicy": {"Condition": condition}}
    service = {
        "ID": "agent",
        "Spec": {
            "Name": "shop_agent",
            "Labels": {"com.docker.stack.namespace": "shop"},
            "Mode": {mode: {}},
            "TaskTemplate": spec,
        },
        "UpdatedAt": "1",
        "ServiceStatus": {"DesiredTasks": desired},
    }
    own = [{**each, "Spec": {**spec, **each["Spec"]}} for each in tasks]
    found = stacks.describe(Engine(), ["shop"], [service], own, [], NODES)
    return found["shop"].services


@pytest.mark.parametrize(
    ("tasks", "size", "done"),
    [
        ([task(1), task(2)], 2, True),
        ([failed(1), waiting(1)], 1, False),
        ([task(1), failed(2), waiting(2)], 2, False),
        ([task(1), task(DRAINED, "shutdown", "shutdown"), task(DOWN, desired="shutdown")], 1, True),
        ([task(1), failed(2)], 1, True),
    ],
    ids=[
        "all run",
        "waits to be started again",
        "one of two does",
        "nodes that take no tasks",
        "is to run on one only",
    ],
)
def test_node_counts_whose_task_swarm_starts_again(tasks, size, done):
    services = described(*tasks)
    assert (services["agent"].size, judge(services).done) == (size, done)


@pytest.mark.parametrize(
    "others",
    [
        [failed(DRAINED), failed(DOWN), failed("removed")],
        [failed(2, Placement={})],
        [task(2, "rejected", "shutdown")],
        [failed(2, ContainerSpec={"Image": "older"})],
        [failed(2), task(2, "shutdown", "shutdown", "3")],
    ],
    ids=["nodes that take no tasks", "other constraints", "other labels", "older spec", "stopped since"],
)
def test_node_counts_no_more_that_is_to_have_no_task(others):
    services = described(task(1), *others, condition="none")
    assert (services["agent"].size, judge(services).done) == (1, True)


def test_task_that_swarm_gave_up_is_told():
    services = described(task(1), failed(2), condition="none")
    assert services["agent"].size == 2
    assert "its task failed, and Swarm starts no other one" in judge(services).failure


def test_job_on_more_nodes_than_ended_tasks_are_shown_is_done():
    nodes = (1, 2, 5, 6, 7, 8)
    services = described(*map(ended, nodes), condition="none")
    assert (services["agent"].size, services["agent"].ended, judge(services).done) == (6, 6, True)
    services = described(*map(ended, nodes), task(9, "starting"), condition="none")
    assert (services["agent"].size, judge(services).done) == (7, False)


def test_crash_of_a_global_service_is_a_loop():
    services = described(*(failed(1, str(updated)) for updated in range(2, 6)), waiting(1))
    assert judge(services).looping == ("agent",)


def test_size_of_other_services_is_what_swarm_says():
    assert described(task(1), mode="Replicated", desired=3)["agent"].size == 3
