"""A TCP forwarder: takes connections on a socket that it inherits and passes them on.

Usage: forward.py LISTENER TARGETS

LISTENER is a file descriptor. TARGETS is a file with an ADDRESS:PORT on each line, read again for
each connection; the first that answers gets it. The socket may be of one network namespace and the
forwarder run in another: that is how it leads from the one into the other.

A program of its own: it imports nothing of the package.
"""

import asyncio
import socket
import sys
from pathlib import Path

CONNECT_TIMEOUT = 2.0  # seconds that a target has to answer, in which a frozen host is passed over
CHUNK = 65536


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on one direction, and its end."""
    while chunk := await reader.read(CHUNK):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def connect(targets: list[str]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection to the first target that answers.

    :raise OSError: none does
    """
    for target in targets:
        address, _, port = target.rpartition(":")
        try:
            return await asyncio.wait_for(asyncio.open_connection(address, int(port)), CONNECT_TIMEOUT)
        except OSError:  # a timeout is one too
            continue
    raise OSError(f"none of {targets} answers")


async def serve(listener: socket.socket, targets: Path) -> None:
    """Forward connections until the process is ended."""

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await connect(targets.read_text().split())
            try:
                async with asyncio.TaskGroup() as directions:
                    directions.create_task(copy(reader, far_writer))
                    directions.create_task(copy(far_reader, writer))
            finally:
                far_writer.close()
        except* OSError as errors:
            print(*errors.exceptions, file=sys.stderr, flush=True)
        finally:
            writer.close()

    server = await asyncio.start_server(forward, sock=listener)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2])))
