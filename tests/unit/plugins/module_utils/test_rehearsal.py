"""A deploy that is only rehearsed: what is asked, the engine answers; what would be changed is written down."""

import json
import socket
import threading

import pytest
from ansible_collections.flotilla.swarm.plugins.module_utils import rehearsal
from ansible_collections.flotilla.swarm.plugins.module_utils.engine import Engine

SPEC = {"Name": "shop_web", "TaskTemplate": {}}


@pytest.fixture
def engine(tmp_path):
    """A socket that answers as an engine with one network and one secret, and keeps what it was asked."""
    path, asked = tmp_path / "docker.sock", []
    answers = {"/networks": [{"Id": "n1", "Name": "shop_back"}], "/secrets": [{"ID": "s1", "Spec": {"Name": "old"}}]}
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen()

    def serve():
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            with connection:
                request = rehearsal.read_request(connection)
                asked.append((request.method, request.path))
                body = json.dumps(answers.get(request.path.partition("?")[0], {"path": request.path})).encode()
                connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)

    threading.Thread(target=serve, daemon=True).start()
    yield str(path), asked
    listener.close()


def rehearse(path, act):
    """Rehearse with a function in place of the command; it gets a client of the socket that the command would use."""

    def run(command, data):
        assert command[:2] == ["docker", "--host"]
        assert (command[-1], data) == ("shop", "services: {}")
        return act(Engine(command[2].removeprefix("unix://")))

    return rehearsal.rehearse(run, {"shop": "services: {}"}, path)["shop"]


def test_what_would_be_changed_does_not_reach_the_engine(engine):
    path, asked = engine

    def act(client):
        assert client.get("/v1.45/info") == {"path": "/info"}
        assert client.post("/v1.45/services/create", SPEC)["ID"]
        client.post("/v1.45/services/abc/update", {"Name": "shop_db"}, version="7")
        client.post("/v1.45/networks/create", {"Name": "shop_new"})
        client.delete("/v1.45/services/old")
        return 0, "", ""

    found = rehearse(path, act)
    assert found.specs == {"web": SPEC, "db": {"Name": "shop_db"}}
    assert found.networks == {"n1": "shop_back"}
    assert {method for method, _path in asked} == {"GET"}


def test_objects_that_a_deploy_creates_before_are_there(engine):
    path, _asked = engine

    def act(client):
        names = [
            each["Spec"]["Name"] for each in client.get("/v1.45/secrets", filters={"name": {"old": True, "new": True}})
        ]
        return (0, "", "") if names == ["old", "new"] else (1, "", str(names))

    assert rehearse(path, act).error == ""


def test_what_the_command_refuses_is_told(engine):
    path, _asked = engine
    assert rehearse(path, lambda client: (1, "", "no such key\n")).error == "no such key"
    assert rehearsal.rehearse(None, {}, path) == {}
