"""What is read off the engine's answers about a swarm."""

import calendar

import pytest
from ansible_collections.flotilla.swarm.plugins.module_utils import releases, swarm
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.stack import Network
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.swarm import Eviction

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
    assert swarm._task({**TASK, "Spec": {**SPEC, "Runtime": None, **change}}, service).current is current


READY = {"LocalNodeState": "active", "ControlAvailable": True, "Cluster": {"ID": "cluster-1"}}


@pytest.mark.parametrize(("told", "port"), [({}, 4789), ({"DataPathPort": 0}, 4789), ({"DataPathPort": 7777}, 7777)])
def test_port_of_overlay_networks_is_the_usual_one_unless_another_is_told(told, port):
    assert swarm.membership({"Swarm": {**READY, "Cluster": told}}).data_port == port


def test_ports_of_all_services_are_listed_once_with_their_protocol():
    ports = [{"PublishedPort": 4000, "Protocol": "tcp"}, {"PublishedPort": 53, "Protocol": "udp"}, {"TargetPort": 80}]
    services = [{"Endpoint": {"Ports": ports}}, {"Endpoint": {"Ports": ports[:1]}}, {"Endpoint": {}}, {}]
    assert swarm.published(services) == ("4000/tcp", "53/udp")


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
    found = swarm.stacks(engine, ["shop", "hello", "new"], services, tasks, [])
    assert {name: [*stack.services] for name, stack in found.items()} == {"shop": ["web"], "hello": ["web"], "new": []}
    assert [len(found[name].services["web"].tasks) for name in ("shop", "hello")] == [1, 0]
    assert swarm.stacks(engine, [], services, tasks, []) == {}


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
    found = swarm.stacks(engine, ["hello", "shop"], [], [], [])
    assert found["shop"].networks == {}
    assert found["hello"].networks == {
        "hello_data": Network("overlay", {"encrypted": ""}, True, False, ("10.0.1.0/24",)),
        "hello_new": Network("overlay", {}, True, False, ()),
    }


def test_stacks_of_which_something_is_kept_are_told_whoever_asks():
    labels = [{"flotilla.stack": "shop"}, {"flotilla.stack": "hello"}, {"flotilla.stack": "shop"}, {"own": "x"}, None]
    configs = [{"Spec": {"Name": str(number), "Labels": each}} for number, each in enumerate(labels)]
    assert releases.owners(configs) == ("hello", "shop")


def test_memory_limit_is_that_of_the_task_and_not_of_a_service_that_was_rolled_back():
    def limited(mib):
        return {**SPEC, "Resources": {"Limits": {"MemoryBytes": mib * 2**20}}}

    task = swarm._task({**TASK, "Spec": limited(12)}, {"Spec": {"TaskTemplate": limited(50)}})
    assert task.limit_mib == 12
    assert swarm._task({**TASK, "Spec": SPEC}, {"Spec": {"TaskTemplate": limited(50)}}).limit_mib == 0


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
    monkeypatch.setattr(swarm.time, "time", lambda: calendar.timegm((2026, 1, 1, 10, 0, 0)))
    failed = {"Slot": 1, "Status": {"State": "failed"}}
    tasks = [{**failed, "UpdatedAt": f"2026-01-01T{time}:00.5Z"} for time in times]
    others = [{**failed, "Slot": 2, "UpdatedAt": "2026-01-01T09:59:00Z"}] if times else []
    ended = [{"Slot": 1, "Status": {"State": "shutdown"}, "UpdatedAt": "2026-01-01T09:59:00Z"}]
    assert swarm._crashes({"UpdatedAt": changed}, [*tasks, *others, *ended]) == crashes


def test_eviction_is_noted_in_the_labels_of_a_config():
    labels = {"flotilla.host": "w3", "flotilla.address": "10.0.0.4", "flotilla.node": "n4"}
    labels["flotilla.manager"] = "false"
    noted = {"Spec": {"Name": swarm.EVICTION, "Labels": labels}, "CreatedAt": "T"}
    other = {"Spec": {"Name": "hello_config", "Labels": None}}
    expected = Eviction(host="w3", address="10.0.0.4", node="n4", manager=False, created="T")
    assert swarm._eviction([other, noted]) == expected
    assert swarm._eviction([other]) is None
