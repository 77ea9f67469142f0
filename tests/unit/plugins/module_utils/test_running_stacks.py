"""What is read off a manager's answers about stacks."""

import calendar

import pytest
from ansible_collections.flotilla.swarm.plugins.module_utils import stacks
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.stack import Network, Publisher

SPEC = {
    "ContainerSpec": {"Image": "hello"},
    "Placement": {"Constraints": ["node.role == worker"]},
    "Runtime": "container",
}
TASK = {"ID": "t", "DesiredState": "running", "Status": {"State": "running", "Timestamp": "1"}, "UpdatedAt": "1"}


@pytest.mark.parametrize(
    ("change", "current"),
    [({}, True), ({"Placement": {}}, True), ({"ContainerSpec": {"Image": "other"}}, False)],
    ids=["same", "placed otherwise", "other image"],
)
def test_task_is_of_the_newest_spec_unless_swarm_would_replace_it(change, current):
    service = {"Spec": {"TaskTemplate": SPEC}}
    assert stacks._task({**TASK, "Spec": {**SPEC, "Runtime": None, **change}}, service).current is current


def test_ports_of_all_services_are_listed_with_protocol_and_service():
    ports = [{"PublishedPort": 4000, "Protocol": "tcp"}, {"PublishedPort": 53, "Protocol": "udp"}, {"TargetPort": 80}]
    ports[1]["PublishMode"] = "host"
    one = {"Spec": {"Name": "shop_web", "Labels": {NAMESPACE: "shop"}}, "Endpoint": {"Ports": ports}}
    services = [one, {"Spec": {"Name": "db"}, "Endpoint": {}}, {"Spec": {"Name": "other", "Labels": None}}]
    assert stacks.published(services) == {
        "4000/tcp": Publisher("shop_web", "shop", ingress=True),
        "53/udp": Publisher("shop_web", "shop", ingress=False),
    }


NAMESPACE = "com.docker.stack.namespace"


class Engine:
    """An engine's answers, by path."""

    def __init__(self, **answers):
        self.answers = answers

    def get(self, path, **_query):
        return self.answers[path.strip("/")]


def service(name, stack):
    spec = {"Name": name, "Labels": {NAMESPACE: stack}, "TaskTemplate": SPEC}
    return {"ID": name, "Spec": spec, "UpdatedAt": "1", "ServiceStatus": {"DesiredTasks": 1}}


def test_services_are_told_by_stack_without_its_prefix():
    names = {"hello_web": "hello", "shop_web": "shop", "other_web": "other"}
    services = [service(name, stack) for name, stack in names.items()] + [{"Spec": {"Name": "alone", "Labels": None}}]
    tasks = [{**TASK, "ServiceID": "shop_web", "Spec": SPEC}]
    engine = Engine(secrets=[], networks=None)
    found = stacks.describe(engine, ["shop", "hello", "new"], services, tasks, [], [])
    assert {name: [*stack.services] for name, stack in found.items()} == {"shop": ["web"], "hello": ["web"], "new": []}
    assert [len(found[name].services["web"].tasks) for name in ("shop", "hello")] == [1, 0]
    assert stacks.describe(engine, [], services, tasks, [], []) == {}


def test_networks_are_told_as_they_were_made():
    made = {
        "Name": "hello_data",
        "Driver": "overlay",
        "Options": {"com.docker.network.driver.overlay.vxlanid_list": "4097", "encrypted": ""},
        "Internal": True,
        "Attachable": False,
        "IPAM": {"Config": [{"Subnet": "10.0.1.0/24", "Gateway": "10.0.1.1"}]},
        "Labels": {NAMESPACE: "hello"},
    }
    bare = {**made, "Name": "hello_new", "Options": None, "IPAM": {"Config": None}}
    foreign = {**made, "Labels": {NAMESPACE: "other"}}
    engine = Engine(secrets=[], networks=[made, bare, foreign])
    found = stacks.describe(engine, ["hello", "shop"], [], [], [], [])
    assert found["shop"].networks == {}
    assert found["hello"].networks == {
        "hello_data": Network("overlay", {"encrypted": ""}, True, False, ("10.0.1.0/24",)),
        "hello_new": Network("overlay", {}, True, False, ()),
    }


def test_memory_limit_is_that_of_the_task_and_not_of_a_service_that_was_rolled_back():
    def limited(mib):
        return {**SPEC, "Resources": {"Limits": {"MemoryBytes": mib * 2**20}}}

    task = stacks._task({**TASK, "Spec": limited(12)}, {"Spec": {"TaskTemplate": limited(50)}})
    assert task.limit_mib == 12
    assert stacks._task({**TASK, "Spec": SPEC}, {"Spec": {"TaskTemplate": limited(50)}}).limit_mib == 0


@pytest.mark.parametrize(
    ("changed", "times", "crashes"),
    [
        ("2026-01-01T08:00:00Z", ["09:30", "09:40", "09:50", "10:00"], 4),
        ("2026-01-01T08:00:00Z", ["08:59", "09:10", "09:50"], 2),
        ("2026-01-01T09:45:00Z", ["09:30", "09:40", "09:50"], 1),
        ("2026-01-01T08:00:00Z", [], 0),
    ],
    ids=["all of the last hour", "one longer ago", "two before the service was changed", "none"],
)
def test_failed_tasks_of_one_place_are_counted(monkeypatch, changed, times, crashes):
    monkeypatch.setattr(stacks.time, "time", lambda: calendar.timegm((2026, 1, 1, 10, 0, 0)))

    def ended(time, state="failed", slot=1):
        # A manager that starts changes what its tasks are to do.
        status = {"State": state, "Timestamp": f"2026-01-01T{time}:00.5Z"}
        return {"Slot": slot, "Status": status, "UpdatedAt": "2026-01-01T09:59:59Z"}

    tasks = [ended(time) for time in times]
    others = [ended("09:59", slot=2)] if times else []
    # Those that a node rejected never ran.
    ends = [ended("09:59", state) for state in ("shutdown", "rejected", "rejected", "rejected")]
    assert stacks._crashes({"UpdatedAt": changed}, [*tasks, *others, *ends]) == crashes
