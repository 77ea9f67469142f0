"""How the app is served: it stops gracefully, and starts without leftovers."""

import contextlib
import socket
from http.client import HTTPConnection, HTTPResponse
from signal import SIGALRM, SIGCONT, SIGSTOP, SIGTERM

from conftest import wait_until

STOPPED = 128 + SIGTERM


def test_stop_lets_a_running_request_finish(run_web):
    web = run_web()
    with socket.create_connection(("127.0.0.1", web.port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        # Connections are accepted in turn: after this answer, the first one is inside.
        assert web.text("/healthz") == "ok\n"
        web.process.terminate()
        wait_until(lambda: "No more visitors" in web.log.read_text())

        connection.sendall(b"Host: app\r\n\r\n")
        response = HTTPResponse(connection)
        response.begin()
        assert response.status == 200
        assert b"Hello World!" in response.read()
    assert web.process.wait() == STOPPED


def test_stop_answers_those_who_wait_in_the_queue(run_web):
    web = run_web()
    web.process.send_signal(SIGSTOP)
    with contextlib.ExitStack() as visitors:
        waiting = [visitors.enter_context(socket.create_connection(("127.0.0.1", web.port))) for _ in range(60)]
        for connection in waiting:
            connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        web.process.terminate()
        web.process.send_signal(SIGCONT)
        assert [connection.makefile("rb").read()[-3:] for connection in waiting] == [b"ok\n"] * 60
    assert web.process.wait() == STOPPED


def test_stop_ends_with_a_code_that_lets_swarm_restart_the_replica(run_web):
    assert run_web().stop() == STOPPED


def test_stop_first_goes_on_to_serve_those_who_come_late(run_web):
    web = run_web(DRAIN_SECONDS="3600")
    web.process.terminate()
    wait_until(lambda: "Serving late visitors" in web.log.read_text())
    assert [web.text("/healthz") for _ in range(20)] == ["ok\n"] * 20
    web.process.send_signal(SIGALRM)
    assert web.process.wait() == STOPPED


def test_connections_are_not_kept(run_web):
    client = HTTPConnection("127.0.0.1", run_web().port)
    client.request("GET", "/healthz")
    assert client.getresponse().headers["Connection"] == "close"
