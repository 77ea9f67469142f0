"""Ask for pages at a constant rate, as many visitors would, and count the requests that fail or come late.

Kinds of clients take turns, by default two: half of the requests keep their connection as far as the server lets them,
half take a new one each. --kind slow reads its answer in small bits, --kind http10 speaks HTTP/1.0. Requests go out
when their time has come, whether or not earlier ones were answered. Ends after --seconds or at SIGINT; prints JSON.
Each request that fails or is late is told when it ends, on standard error.

With --elsewhere, a request that fails at one host is tried at the others, as a client does that has several addresses
of a name; it fails only if all of them do, and is counted as retried else.

With --counted, answers whose page does not have that pattern are tallied apart: good, but not what a visitor came for.

    python3 bench/load.py --rate 10 --seconds 60 --source 10.77.0.201 --source 10.77.0.202 http://10.77.0.11:4000/
"""

import argparse
import asyncio
import json
import re
import signal
import statistics
import sys
from collections import Counter
from datetime import UTC, datetime
from itertools import count, cycle, product
from urllib.parse import urlsplit

KINDS = ("kept", "new", "slow", "http10")
# Seconds that one try may take where there are others.
TRY = 4
# What a slow reader takes at a time, and the seconds that it takes for it.
BIT, PAUSE = 512, 0.02


class Failure(Exception):
    """A request without a whole and good answer; the message is what the tally counts."""


class Tally:
    """What became of the requests."""

    def __init__(self, late):
        """Count as late what takes longer than so many seconds."""
        self.late_after = late
        self.seconds = []
        self.failures = Counter()
        self.lost = ""
        self.retried = 0
        self.uncounted = 0

    def answered(self, visitor, seconds, trace):
        """Count an answer, and tell of a late one."""
        self.seconds.append(seconds)
        if seconds > self.late_after:
            self.tell("answered", visitor, seconds, trace)

    def fail(self, reason, visitor, seconds, trace):
        """Count a failure and tell of it."""
        self.failures[reason] += 1
        self.lost = self.lost or datetime.now(UTC).isoformat(timespec="seconds")
        self.tell(reason, visitor, seconds, trace)

    def tell(self, reason, visitor, seconds, trace):
        """Tell the circumstances of a request."""
        way = ", ".join([f"{visitor.source or 'here'} to {visitor.url.netloc}", *trace])
        print(f"{datetime.now(UTC):%H:%M:%S.%f} {reason} after {seconds:.2f} s: {way}", file=sys.stderr, flush=True)

    def summary(self):
        """Return the figures as a dict; seconds are those of answers, and a retried request is answered.

        ``lost`` is when the first failed, ``""`` if none did.
        """
        hundredths = statistics.quantiles(self.seconds, n=100) if len(self.seconds) > 1 else [0]
        return {
            "sent": len(self.seconds) + self.failures.total(),
            "failed": self.failures.total(),
            "retried": self.retried,
            "uncounted": self.uncounted,
            "late": sum(seconds > self.late_after for seconds in self.seconds),
            "median": round(statistics.median(self.seconds or [0]), 3),
            "p99": round(hundredths[-1], 3),
            "longest": round(max(self.seconds, default=0), 3),
            "failures": dict(self.failures),
            "lost": self.lost,
        }


class Visitor:
    """One way to the page: a client's address, a URL, and the kind of client."""

    def __init__(self, source, url, kind):
        """Prepare; the first request connects."""
        self.source, self.url, self.kind = source, urlsplit(url), kind
        self.idle = []

    async def visit(self, trace):
        """Ask for the page once.

        :param trace: list that is told of each step, for those who tell of a failure
        :return: the page
        :raise Failure: the answer is missing, cut off, malformed or not 200
        """
        reader, writer = await self.connection(trace)
        try:
            words = "keep-alive" if self.kind == "kept" else "close"
            version = "HTTP/1.0" if self.kind == "http10" else "HTTP/1.1"
            request = f"GET {self.url.path or '/'} {version}\r\nHost: {self.url.netloc}\r\nConnection: {words}\r\n\r\n"
            writer.write(request.encode())
            await writer.drain()
            trace.append("asked")
            page, kept = await read_answer(reader, slow=self.kind == "slow")
        except BaseException:
            writer.close()
            raise
        if self.kind == "kept" and kept:
            self.idle.append((reader, writer))
        else:
            writer.close()
        return page

    async def connection(self, trace):
        """Take a kept connection that the server has not ended, or a new one."""
        while self.idle:
            reader, writer = self.idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                trace.append("on a kept connection")
                return reader, writer
            writer.close()
        local = (self.source, 0) if self.source else None
        trace.append(f"on a new connection ({self.kind})")
        clock = asyncio.get_running_loop().time
        start = clock()
        # What a slow reader does not take must wait at the server, not here.
        limit = {"limit": 4 * BIT} if self.kind == "slow" else {}
        connection = await asyncio.open_connection(self.url.hostname, self.url.port or 80, local_addr=local, **limit)
        trace.append(f"from port {connection[1].get_extra_info('sockname')[1]}, made in {clock() - start:.2f} s")
        return connection


async def read_body(reader, size, slow):
    """Read what follows the headers: so many bytes, or what comes until the end; slowly where that is asked for.

    :param size: ``None`` where the server does not tell it
    :return: these bytes
    """
    if not slow:
        return await (reader.read() if size is None else reader.readexactly(size))
    body = b""
    while size is None or len(body) < size:
        bit = await reader.read(BIT if size is None else min(BIT, size - len(body)))
        if not bit:
            if size:
                raise asyncio.IncompleteReadError(body or b"some", size)
            break
        body += bit
        await asyncio.sleep(PAUSE)
    return body


async def read_answer(reader, slow=False):
    """Read an answer to its end.

    :return: its body, and whether the server keeps the connection
    :raise Failure: it is cut off, malformed or not 200
    """
    try:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        status = first.split()[1]
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        size = headers.get("content-length")
        body = await read_body(reader, None if size is None else int(size), slow)
    except asyncio.IncompleteReadError as error:
        raise Failure("answer cut off" if error.partial else "no answer") from error
    except (asyncio.LimitOverrunError, ValueError, IndexError) as error:
        raise Failure("answer malformed") from error
    if status != "200":
        raise Failure(f"status {status}")
    return body, "content-length" in headers and headers.get("connection", "").lower() != "close"


async def visit_once(visitor, timeout, trace):
    """Visit once.

    :return: the page, and what went wrong, ``""`` for nothing
    """
    try:
        async with asyncio.timeout(timeout):
            return await visitor.visit(trace), ""
    except TimeoutError:
        return b"", f"not done in {timeout} s"
    except Failure as failure:
        return b"", str(failure)
    except OSError as error:
        return b"", type(error).__name__


async def request(visitors, timeout, tally, counted):
    """Make one request and count what becomes of it.

    :param visitors: that try it one after another, until one gets an answer
    :param counted: see ``load``
    """
    clock = asyncio.get_running_loop().time
    start = clock()
    for visitor in visitors:
        trace = []
        page, reason = await visit_once(visitor, timeout, trace)
        if not reason:
            tally.uncounted += not re.search(counted.encode(), page)
            tally.retried += visitor is not visitors[0]
            tally.answered(visitor, clock() - start, trace)
            return
        if visitor is not visitors[-1]:
            tally.tell(f"tried elsewhere, {reason}", visitor, clock() - start, trace)
    tally.fail(reason, visitor, clock() - start, trace)


async def load(urls, sources, rate, seconds, late=2, timeout=20, kinds=("kept", "new"), elsewhere=False, counted=""):
    """Make requests and wait for the last answer.

    :param urls: pages to ask for, in turn
    :param sources: addresses of this machine to ask from, in turn; empty leaves the choice to it
    :param rate: requests a second, of all visitors together
    :param kinds: of ``KINDS``
    :param elsewhere: whether a request that fails is tried at the other pages
    :param counted: pattern that a page has that counts its visit
    :return: the tally's summary
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGINT, stop.set)
    tally = Tally(late)
    ways = [[Visitor(source, url, kind) for url in urls] for source, kind in product(sources or [None], kinds)]
    each = [visitors[first:] + visitors[:first] for first in range(len(urls)) for visitors in ways]
    turns = cycle([visitors if elsewhere else visitors[:1] for visitors in each])
    timeout = TRY if elsewhere else timeout
    begin = loop.time()
    async with asyncio.TaskGroup() as group:
        for number in count():
            due = begin + number / rate
            if due >= begin + seconds:
                break
            try:
                async with asyncio.timeout_at(due):
                    await stop.wait()
                break
            except TimeoutError:
                group.create_task(request(next(turns), timeout, tally, counted))
    return tally.summary()


def main():
    """Run the load and end with 1 if a request failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("urls", nargs="+", metavar="URL")
    parser.add_argument("--source", action="append", default=[], help="client address; may be given again")
    parser.add_argument("--rate", type=float, default=10, help="requests a second (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=3600, help="how long (default: %(default)s)")
    parser.add_argument("--kind", action="append", choices=KINDS, help="of clients; may be given again")
    parser.add_argument("--elsewhere", action="store_true", help="try at the other pages what fails at one")
    parser.add_argument("--counted", default="", metavar="PATTERN", help="of a page that counts its visit")
    options = parser.parse_args()
    kinds = options.kind or KINDS[:2]
    way = {"kinds": kinds, "elsewhere": options.elsewhere, "counted": options.counted}
    summary = asyncio.run(load(options.urls, options.source, options.rate, options.seconds, **way))
    print(json.dumps(summary))
    sys.exit(1 if summary["failed"] else 0)


if __name__ == "__main__":
    main()
