"""Slow and hostile visitors are in nobody's way."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import server
from conftest import Web

REQUEST = b"GET / HTTP/1.1\r\nHost: app\r\n"


@contextlib.contextmanager
def hostile(web: Web, number: int, text: bytes = b"") -> Iterator[list[socket.socket]]:
    """Connect so many times, and say the same each time."""
    with contextlib.ExitStack() as connections:
        made = [connections.enter_context(socket.create_connection(("127.0.0.1", web.port))) for _ in range(number)]
        for connection in made:
            with contextlib.suppress(OSError):
                connection.sendall(text)
        yield made


def answer_to(web: Web, *parts: bytes) -> bytes:
    """Say something in parts, as far as it is taken, and return what comes back."""
    with socket.create_connection(("127.0.0.1", web.port), timeout=30) as connection:
        with contextlib.suppress(OSError):
            for part in parts:
                connection.sendall(part)
        with contextlib.suppress(ConnectionError):
            return connection.recv(1000)
        return b""


def seconds(visit: Callable[[], object]) -> float:
    """Tell how long a visit takes."""
    start = time.monotonic()
    visit()
    return time.monotonic() - start


@pytest.mark.parametrize("text", [b"", b"G", REQUEST, b"POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 9\r\n\r\n"])
@pytest.mark.parametrize("number", [20, 1000])
def test_who_asks_for_nothing_is_in_nobodys_way(run_web, number, text):
    web = run_web()
    with hostile(web, number, text):
        assert max(seconds(web.text) for _ in range(10)) < 2
        assert web.get("/healthz", web.probe_port).status == 200


def test_who_has_waited_longest_goes_first(run_web):
    web = run_web()
    with hostile(web, server.CONNECTIONS, REQUEST) as connections:
        web.text()
        first, second = connections[:2]
        first.settimeout(5)
        # Closed, or reset where what it has sent was not read yet.
        with contextlib.suppress(ConnectionResetError):
            assert first.recv(1) == b""
        second.sendall(b"\r\n")
        second.settimeout(5)
        assert second.recv(15) == b"HTTP/1.1 200 OK"


def test_request_has_its_time_and_no_more(run_web):
    web = run_web()
    start = time.monotonic()
    with hostile(web, 1, REQUEST) as (connection,):
        connection.settimeout(1)
        # A letter now and then gets no more time.
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"X")
                with contextlib.suppress(TimeoutError):
                    assert connection.recv(1) == b""
                    break
    assert server.REQUEST_SECONDS <= time.monotonic() - start < server.REQUEST_SECONDS + 5
    assert web.text("/healthz") == "ok\n"


def headers_without_end() -> Iterator[bytes]:
    yield REQUEST
    for number in range(10_000):
        yield b"X-%d: %s\r\n" % (number, b"x" * 1000)


def body_without_end() -> Iterator[bytes]:
    yield REQUEST + b"Transfer-Encoding: chunked\r\n\r\n"
    for _ in range(10_000):
        yield b"3e8\r\n%s\r\n" % (b"x" * 1000)


def chunk_line_without_end() -> Iterator[bytes]:
    yield REQUEST + b"Transfer-Encoding: chunked\r\n\r\n"
    for _ in range(10_000):
        yield b"0" * 1000


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        (lambda: [b"GET /%s HTTP/1.1\r\n\r\n" % (b"x" * 100_000)], b"431"),
        (lambda: [b"x" * 100_000], b"431"),
        (headers_without_end, b"431"),
        (body_without_end, b"413"),
        (chunk_line_without_end, b"413"),
        (lambda: [REQUEST, b"Content-Length: 1000000000\r\n\r\n"], b"413"),
        (lambda: [REQUEST, b"Transfer-Encoding: chunked\r\n\r\nmany\r\n"], b"400"),
        (lambda: [b"\x16\x03\x01\x00\xa5\x01\x00\r\n\r\n"], b"400"),
    ],
)
def test_what_is_too_much_is_refused_at_once_and_kept_nowhere(run_web, parts, status):
    web = run_web()
    before = memory(web)
    # Where more is sent than is read, the reset may come before the answer.
    assert answer_to(web, *parts()).split(b" ")[1:2] in ([status], [])
    assert answer_to(web, *[*parts()][:20]).split(b" ")[1:2] in ([status], [])
    assert memory(web) - before < 2048
    assert web.text("/healthz") == "ok\n"


def test_who_takes_no_answers_holds_no_thread(run_web):
    web = run_web()
    with contextlib.ExitStack() as readers:
        for _ in range(50):
            reader = readers.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            reader.connect(("127.0.0.1", web.port))
            reader.sendall(REQUEST + b"\r\n")
        assert max(seconds(web.text) for _ in range(10)) < 2


def test_probe_tells_of_a_thread_that_hangs():
    door = server.Door.__new__(server.Door)
    visitor = server.Visitor.__new__(server.Visitor)
    door.active_channels = {1: visitor}
    for runs_since, hangs in ((None, False), (time.monotonic(), False), (time.monotonic() - 31, True)):
        visitor.runs_since = runs_since
        assert door.hangs() is hangs


def memory(web: Web) -> int:
    """Return the KiB of memory that the server has."""
    return int(Path(f"/proc/{web.process.pid}/status").read_text().split("VmRSS:")[1].split()[0])
