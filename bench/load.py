"""Ask for pages at a constant rate, as many visitors would, and count the requests that fail or come late.

Half of the requests keep their connection as far as the server lets them, half take a new one each. They go out when
their time has come, whether or not earlier ones were answered. Ends after --seconds or at SIGINT; prints JSON. Each
request that fails or is late is told when it ends, on standard error.

    python3 bench/load.py --rate 10 --seconds 60 --source 10.77.0.201 --source 10.77.0.202 http://10.77.0.11:4000/
"""

import argparse
import asyncio
import json
import signal
import statistics
import sys
from collections import Counter
from datetime import UTC, datetime
from itertools import count, cycle, product
from urllib.parse import urlsplit


class Failure(Exception):
    """A request without a whole and good answer; the message is what the tally counts."""


class Tally:
    """What became of the requests."""

    def __init__(self, late):
        """Count as late what takes longer than so many seconds."""
        self.late_after = late
        self.seconds = []
        self.failures = Counter()

    def answered(self, visitor, seconds, trace):
        """Count an answer, and tell of a late one."""
        self.seconds.append(seconds)
        if seconds > self.late_after:
            self.tell("answered", visitor, seconds, trace)

    def fail(self, reason, visitor, seconds, trace):
        """Count a failure and tell of it."""
        self.failures[reason] += 1
        self.tell(reason, visitor, seconds, trace)

    def tell(self, reason, visitor, seconds, trace):
        """Tell the circumstances of a request."""
        way = ", ".join([f"{visitor.source or 'here'} to {visitor.url.netloc}", *trace])
        print(f"{datetime.now(UTC):%H:%M:%S.%f} {reason} after {seconds:.2f} s: {way}", file=sys.stderr, flush=True)

    def summary(self):
        """Return the figures as a dict: ``sent``, ``failed``, ``late``, ``median``, ``longest`` and ``failures``."""
        return {
            "sent": len(self.seconds) + self.failures.total(),
            "failed": self.failures.total(),
            "late": sum(seconds > self.late_after for seconds in self.seconds),
            "median": round(statistics.median(self.seconds or [0]), 3),
            "longest": round(max(self.seconds, default=0), 3),
            "failures": dict(self.failures),
        }


class Visitor:
    """One way to the page: a client's address, a URL, and whether connections are kept."""

    def __init__(self, source, url, keep):
        """Prepare; the first request connects."""
        self.source, self.url, self.keep = source, urlsplit(url), keep
        self.idle = []

    async def visit(self, trace):
        """Ask for the page once.

        :param trace: list that is told of each step, for those who tell of a failure
        :raise Failure: the answer is missing, cut off, malformed or not 200
        """
        reader, writer = await self.connection(trace)
        try:
            words = "keep-alive" if self.keep else "close"
            request = f"GET {self.url.path or '/'} HTTP/1.1\r\nHost: {self.url.netloc}\r\nConnection: {words}\r\n\r\n"
            writer.write(request.encode())
            await writer.drain()
            trace.append("asked")
            kept = await read_answer(reader)
        except BaseException:
            writer.close()
            raise
        if self.keep and kept:
            self.idle.append((reader, writer))
        else:
            writer.close()

    async def connection(self, trace):
        """Take a kept connection that the server has not ended, or a new one."""
        while self.idle:
            reader, writer = self.idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                trace.append("on a kept connection")
                return reader, writer
            writer.close()
        local = (self.source, 0) if self.source else None
        trace.append("on a new connection")
        clock = asyncio.get_running_loop().time
        start = clock()
        connection = await asyncio.open_connection(self.url.hostname, self.url.port or 80, local_addr=local)
        trace.append(f"from port {connection[1].get_extra_info('sockname')[1]}, made in {clock() - start:.2f} s")
        return connection


async def read_answer(reader):
    """Read an answer to its end.

    :return: whether the server keeps the connection
    :raise Failure: it is cut off, malformed or not 200
    """
    try:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        status = first.split()[1]
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        if "content-length" in headers:
            await reader.readexactly(int(headers["content-length"]))
        else:
            await reader.read()
    except asyncio.IncompleteReadError as error:
        raise Failure("answer cut off" if error.partial else "no answer") from error
    except (asyncio.LimitOverrunError, ValueError, IndexError) as error:
        raise Failure("answer malformed") from error
    if status != "200":
        raise Failure(f"status {status}")
    return "content-length" in headers and headers.get("connection", "").lower() != "close"


async def request(visitor, timeout, tally):
    """Make one request and count what becomes of it."""
    clock = asyncio.get_running_loop().time
    start, trace = clock(), []
    try:
        async with asyncio.timeout(timeout):
            await visitor.visit(trace)
    except TimeoutError:
        tally.fail(f"not done in {timeout} s", visitor, clock() - start, trace)
    except Failure as failure:
        tally.fail(str(failure), visitor, clock() - start, trace)
    except OSError as error:
        tally.fail(type(error).__name__, visitor, clock() - start, trace)
    else:
        tally.answered(visitor, clock() - start, trace)


async def load(urls, sources, rate, seconds, late=2, timeout=20):
    """Make requests and wait for the last answer.

    :param urls: pages to ask for, in turn
    :param sources: addresses of this machine to ask from, in turn; empty leaves the choice to it
    :param rate: requests a second, of all visitors together
    :return: the tally's summary
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGINT, stop.set)
    tally = Tally(late)
    visitors = cycle([Visitor(*way) for way in product(sources or [None], urls, [True, False])])
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
                group.create_task(request(next(visitors), timeout, tally))
    return tally.summary()


def main():
    """Run the load and end with 1 if a request failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("urls", nargs="+", metavar="URL")
    parser.add_argument("--source", action="append", default=[], help="client address; may be given again")
    parser.add_argument("--rate", type=float, default=10, help="requests a second (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=3600, help="how long (default: %(default)s)")
    options = parser.parse_args()
    summary = asyncio.run(load(options.urls, options.source, options.rate, options.seconds))
    print(json.dumps(summary))
    sys.exit(1 if summary["failed"] else 0)


if __name__ == "__main__":
    main()
