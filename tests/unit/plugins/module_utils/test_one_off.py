"""A command in a task of its own."""

import datetime

import pytest
from ansible_collections.flotilla.swarm.plugins.module_utils import one_off

SPEC = {
    "Name": "shop_web",
    "Labels": {"com.docker.stack.namespace": "shop", "flotilla.data": "kept"},
    "TaskTemplate": {
        "ContainerSpec": {"Image": "r/x@sha256:1", "Args": ["serve"], "Env": ["A=1"], "Secrets": [{"SecretID": "s"}]},
        "Networks": [{"Target": "n", "Aliases": ["web"]}],
        "RestartPolicy": {"Condition": "any"},
    },
    "Mode": {"Replicated": {"Replicas": 5}},
    "EndpointSpec": {"Ports": [{"PublishedPort": 80}]},
}


class Engine:
    """An engine in which the job has these states, one after another."""

    def __init__(self, *states):
        self.states, self.created, self.deleted, self.left = list(states), None, [], {}

    def get(self, path, **query):
        if path == "/services":
            assert query == {"filters": {"label": ["flotilla.run"]}}
            return [{"ID": ident} for ident in self.left]
        if (ident := query.get("filters", {}).get("service", [""])[0]) in self.left:
            return [{"Status": self.left[ident]}]
        if path == "/services/shop_web":
            return {"Spec": SPEC}
        return [{"Status": self.states.pop(0) if len(self.states) > 1 else self.states[0]}]

    def post(self, _path, content, login):
        self.created = (content, login)
        return {"ID": "job"}

    def get_logs(self, _path, _lines):
        return ["done"]

    def delete(self, path):
        self.deleted.append(path)


def run(engine, seconds=60):
    return one_off.run(engine, "shop_web", "shop_web_run_1", ["migrate", "-v"], {"username": "u"}, seconds)


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch):
    monkeypatch.setattr(one_off, "PAUSE", 0)


def ended(code, state="complete"):
    return {"State": state, "ContainerStatus": {"ContainerID": "c", "ExitCode": code}}


def test_job_has_what_the_service_has_and_neither_ports_nor_its_stack():
    engine = Engine({"State": "running"}, ended(0))
    assert run(engine) == one_off.Ended(0, ["done"], "")
    spec, login = engine.created
    container = spec["TaskTemplate"]["ContainerSpec"]
    assert (container["Args"], container["Env"], container["Secrets"]) == (
        ["migrate", "-v"],
        ["A=1"],
        [{"SecretID": "s"}],
    )
    assert spec["Labels"] == {"flotilla.run": "shop_web", "flotilla.data": "kept"}
    assert (spec["TaskTemplate"]["Networks"], "EndpointSpec" in spec) == ([{"Target": "n", "Aliases": []}], False)
    assert login == {"username": "u"}
    assert spec["Mode"] == {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}}
    assert SPEC["TaskTemplate"]["RestartPolicy"] == {"Condition": "any"}


@pytest.mark.parametrize(
    ("state", "seconds", "expected"),
    [
        (ended(3, "failed"), 60, (3, "")),
        ({"State": "rejected", "Err": "No such image"}, 60, (-1, "rejected: No such image")),
        ({**ended(0, "shutdown"), "Message": "drained"}, 60, (-1, "shutdown: drained")),
        ({"State": "pending", "Err": "no suitable node"}, -1, (-1, "it took too long: no suitable node")),
    ],
)
def test_however_it_ends_it_is_told_and_removed(state, seconds, expected):
    engine = Engine(state)
    told = run(engine, seconds)
    assert (told.code, told.error) == expected
    assert engine.deleted == ["/services/job"]


def test_jobs_that_ended_long_ago_are_removed_and_no_others():
    engine = Engine(ended(0))
    times = {"now": "2026-11-27T11:30:00.123456789Z", "long ago": "2026-11-27T10:30:00.1Z"}
    states = {"complete": "long ago", "failed": "long ago", "running": "long ago", "shutdown": "now"}
    engine.left = {state: {"State": state, "Timestamp": times[time]} for state, time in states.items()}
    one_off.remove_left(engine, datetime.datetime(2026, 11, 27, 12, tzinfo=datetime.UTC).timestamp())
    assert engine.deleted == ["/services/complete", "/services/failed"]
