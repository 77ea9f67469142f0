"""Questions by HTTP/1.0 to servers that answer well, late, in part or not at all."""

import socket
import threading

import pytest
from ansible_collections.flotilla.swarm.plugins.module_utils import http10


def exchange(*parts, body=None):
    """Ask a server that answers in these parts; return the answer and what the server got."""
    client, server = socket.socketpair()
    got = []

    def serve():
        got.append(server.recv(4096))
        for part in parts:
            server.sendall(part)
        server.close()

    thread = threading.Thread(target=serve)
    thread.start()
    with client:
        client.settimeout(5)
        try:
            return http10.ask(client, "POST", "/path?a=b", "host", {"X-One": "1"}, body), got[0]
        finally:
            thread.join()


def test_answer_in_pieces_is_put_together():
    answer, asked = exchange(b"HTTP/1.1 20", b"0 OK\r\nA: b\r\n\r", b"\n{}\r\n\r\n", b"more", body=b"12")
    assert answer == (200, b"{}\r\n\r\nmore")
    assert asked.startswith(b"POST /path?a=b HTTP/1.0\r\nHost: host\r\n")
    assert asked.endswith(b"Content-Length: 2\r\n\r\n12")
    assert b"X-One: 1\r\n" in asked


def test_status_without_a_reason_counts():
    assert exchange(b"HTTP/1.0 503\r\n\r\n")[0] == (503, b"")


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.0 200 OK\r\n", b"SSH-2.0-OpenSSH_10\r\n\r\n", b"HTTP/1.0 x\r\n\r\n"])
def test_what_is_no_answer_is_an_error(answer):
    with pytest.raises(http10.HttpError, match="no answer in HTTP"):
        exchange(answer)


def test_answer_without_an_end_is_an_error(monkeypatch):
    monkeypatch.setattr(http10, "RECEIVED_AT_MOST", 30)
    with pytest.raises(http10.HttpError, match="more than 30 bytes to POST /path"):
        exchange(b"HTTP/1.0 200 OK\r\n\r\n", b"x" * 20)


def test_server_that_says_nothing_is_an_error_in_time():
    client, server = socket.socketpair()
    with client, server:
        client.settimeout(0.05)
        with pytest.raises(TimeoutError):
            http10.ask(client, "GET", "/", "host")
