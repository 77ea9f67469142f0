"""The load generator counts right, whatever a server does to it."""

import asyncio
import re
import sys
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "bench"))

from load import load

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
FAST = 200


@asynccontextmanager
async def server(answer):
    """Serve on a port of its own; ``answer(number, writer)`` handles each request of a connection."""
    connections = []

    async def serve(reader, writer):
        connections.append(writer.get_extra_info("peername")[0])
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            for number in count():
                await reader.readuntil(b"\r\n\r\n")
                await answer(number, writer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/", connections


def run(answer, requests=20, **options):
    """Load a server and return the summary and the addresses of its connections."""

    async def both():
        async with server(answer) as (url, connections):
            options.setdefault("sources", [])
            return await load([url], rate=FAST, seconds=(requests - 0.5) / FAST, **options), connections

    return asyncio.run(both())


async def good(_number, writer):
    writer.write(GOOD)


def test_good_answers_are_neither_failed_nor_late():
    summary, _ = run(good, late=60)
    assert (summary["sent"], summary["failed"], summary["late"]) == (20, 0, 0)


def test_half_of_the_requests_keep_their_connection():
    _, connections = run(good, requests=40)
    assert 21 <= len(connections) < 40


def test_requests_come_from_every_source():
    _, connections = run(good, sources=["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"])
    assert set(connections) == {"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"}


def test_slow_answers_are_late():
    async def slow(_number, writer):
        await asyncio.sleep(0.2)
        writer.write(GOOD)

    summary, _ = run(slow, late=0.1)
    assert (summary["sent"], summary["failed"], summary["late"]) == (20, 0, 20)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "status 502"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "answer cut off"),
        (b"HTTP/1.1 200", "answer cut off"),
        (b"", "no answer"),
        (b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", "answer malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok", "answer malformed"),
        (b"HTTP/1.1 200 OK\r\nLong: " + b"x" * 2**17 + b"\r\n\r\n", "answer malformed"),
        (b"HTTP/1.1\r\n\r\n", "answer malformed"),
    ],
)
def test_bad_answers_fail(answer, failure):
    async def bad(_number, writer):
        writer.write(answer)
        writer.close()

    summary, _ = run(bad)
    assert (summary["sent"], summary["failures"]) == (20, {failure: 20})


def test_silence_fails_after_the_timeout():
    async def silent(_number, writer):
        await asyncio.sleep(0.3)
        writer.close()

    summary, _ = run(silent, timeout=0.1)
    assert summary["failures"] == {"not done in 0.1 s": 20}


def test_a_kept_connection_that_ends_under_the_next_request_fails_it(capsys):
    async def once(number, writer):
        if number:
            writer.close()
        else:
            writer.write(GOOD)

    summary, connections = run(once)
    told = capsys.readouterr().err.splitlines()
    assert len(told) == summary["failed"]
    assert all(
        re.search(r"no answer after \d+\.\d\d s: here to 127.0.0.1:\d+, on a kept connection", line) for line in told
    )
    assert 1 <= summary["failed"] < 10
    assert summary["sent"] == 20
    assert len(connections) > 11


def test_a_refused_connection_fails():
    async def nobody():
        async with server(good) as (url, _):
            pass
        return await load([url], [], rate=FAST, seconds=0.1)

    assert asyncio.run(nobody())["failures"] == {"ConnectionRefusedError": 20}


def test_requests_do_not_wait_for_each_other():
    async def last_first(_number, writer):
        last_first.waiting += 1
        if last_first.waiting == 20:
            last_first.all_here.set()
        await last_first.all_here.wait()
        writer.write(GOOD)

    last_first.waiting, last_first.all_here = 0, asyncio.Event()
    summary, _ = run(last_first)
    assert (summary["sent"], summary["failed"]) == (20, 0)


@pytest.mark.parametrize("kind", ["new", "slow", "http10"])
def test_each_kind_of_client_reads_the_whole_answer(kind):
    page = b"x" * 20_000

    async def answer(_number, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + page)

    summary, connections = run(answer, kinds=[kind])
    assert (summary["sent"], summary["failed"], len(connections)) == (20, 0, 20)


@pytest.mark.parametrize("kind", ["new", "slow"])
def test_answer_of_unknown_length_is_read_to_its_end(kind):
    async def answer(_number, writer):
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 5_000)
        writer.close()

    assert run(answer, kinds=[kind])[0]["failed"] == 0


def test_slow_reader_is_told_of_an_answer_that_is_cut_off():
    async def answer(_number, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + b"x" * 5_000)
        writer.close()

    assert run(answer, kinds=["slow"])[0]["failures"] == {"answer cut off": 20}


def test_request_that_fails_at_one_host_is_tried_at_the_next():
    async def both():
        async with server(good) as (url, _connections):
            options = {"rate": FAST, "seconds": 19.5 / FAST, "sources": []}
            elsewhere = await load(["http://127.0.0.1:9/", url], elsewhere=True, **options)
            return elsewhere, await load(["http://127.0.0.1:9/", url], **options)

    elsewhere, here = asyncio.run(both())
    assert (elsewhere["sent"], elsewhere["failed"], elsewhere["retried"]) == (20, 0, 10)
    assert (here["sent"], here["failed"], here["retried"]) == (20, 10, 0)


@pytest.mark.parametrize("kind", ["new", "slow"])
def test_pages_without_a_count_are_tallied_apart(kind):
    pages = [b"Visits: 7", b"Visits: none"]

    async def answer(_number, writer):
        page = pages[answer.asked % 2]
        answer.asked += 1
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + page)
        writer.close()

    answer.asked = 0
    summary, _ = run(answer, kinds=[kind], counted=r"Visits: \d+")
    assert (summary["sent"], summary["failed"], summary["uncounted"]) == (20, 0, 10)
