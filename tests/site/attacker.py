"""Visit a page as slow and hostile visitors do, until the input ends; prints JSON: connections made, and most at once.

python3 tests/site/attacker.py 1000 10.77.0.211,10.77.0.212 10.77.0.11:4000 10.77.0.12:4000
"""

import asyncio
import contextlib
import itertools
import json
import sys

HEAD = b"GET / HTTP/1.1\r\nHost: page\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: page\r\nTransfer-Encoding: chunked\r\n\r\n"
WHOLE = HEAD + b"\r\n"
# What is said at once, what again and again, the seconds between, and whether answers are read. In turn: nothing; half
# a request; headers a letter at a time; headers, a body, a line and a chunk's line without an end; requests whose
# answers are not taken.
KINDS = [
    (b"", b"", 3600, True),
    (HEAD, b"", 3600, True),
    (HEAD, b"X", 1, True),
    (HEAD, b"X-Header: " + b"x" * 1000 + b"\r\n", 0.5, True),
    (CHUNKED, b"64\r\n" + b"x" * 100 + b"\r\n", 0.5, True),
    (b"GET /", b"x" * 1000, 0.5, True),
    (CHUNKED, b"0" * 100, 0.5, True),
    (WHOLE, WHOLE, 5, False),
]
# Before who was closed comes again.
PAUSE = 1


class Count:
    """How many connections there were."""

    made = open = most = 0


async def keep_up(source, host, port, kind, count):
    """Connect again and again."""
    while True:
        with contextlib.suppress(OSError):
            async with asyncio.timeout(30):
                reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0), limit=1)
            count.made += 1
            count.open += 1
            count.most = max(count.most, count.open)
            try:
                await bother(reader, writer, *kind)
            finally:
                count.open -= 1
                writer.close()
        await asyncio.sleep(PAUSE)


async def bother(reader, writer, once, again, seconds, reads):
    """Go on until the connection is closed."""
    writer.write(once)
    ended = asyncio.create_task(reader.read() if reads else asyncio.sleep(3600))
    try:
        while not ended.done() and not writer.is_closing():
            await writer.drain()
            await asyncio.wait([ended], timeout=seconds)
            writer.write(again)
    finally:
        ended.cancel()


async def main(number, sources, pages):
    """Attack from all addresses, each page and in each way in turn."""
    count = Count()
    ways = itertools.cycle(itertools.product(KINDS, pages, sources))
    tasks = []
    for kind, page, source in itertools.islice(ways, number):
        host, port = page.split(":")
        tasks.append(asyncio.create_task(keep_up(source, host, int(port), kind, count)))
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    print(json.dumps({"made": count.made, "most": count.most}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2].split(","), sys.argv[3:]))
