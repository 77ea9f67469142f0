"""A small client of Redis, every step of which ends in time.

It speaks the protocol with hiredis. To import the package `redis` takes a third of the time and memory
that a replica needs until it serves, and most of that package is for clusters and asyncio.
"""

import select
import socket
import threading
from collections.abc import Callable
from typing import Any

from hiredis import Reader, ReplyError, pack_command


class Client(threading.local):
    """A connection for each thread, made when it is first needed and again when it was lost."""

    def __init__(self, host: str, port: int, read_password: Callable[[], str], timeout: float) -> None:
        """Prepare; nothing is connected yet.

        :param read_password: asked at each connect; empty if Redis wants none
        :param timeout: seconds that a connect, a login and a run may each take
        """
        self._address = (host, port)
        self._read_password = read_password
        self._timeout = timeout
        self._socket: socket.socket | None = None

    def run(self, *commands: tuple[str | int, ...]) -> list[Any]:
        """Send commands in one go and return their replies.

        :raise OSError: Redis is not reached, or does not answer in time
        :raise ReplyError: it refuses a command
        """
        # Between two runs nothing comes in, other than the news that the connection has ended.
        if self._socket and select.select([self._socket], [], [], 0)[0]:
            self._close()
        try:
            if not self._socket:
                self._connect()
            return self._exchange(commands)
        except (OSError, ReplyError):
            # Replies to this run must not be taken for those to the next one.
            self._close()
            raise

    def __del__(self) -> None:
        """End with the app."""
        self._close()

    def _connect(self) -> None:
        self._socket = socket.create_connection(self._address, self._timeout)
        self._reader = Reader(encoding="utf-8")
        if password := self._read_password():
            self._exchange([("AUTH", password)])

    def _exchange(self, commands: tuple[tuple[str | int, ...], ...]) -> list[Any]:
        self._socket.sendall(b"".join(pack_command(command) for command in commands))
        replies = []
        while len(replies) < len(commands):
            reply = self._reader.gets()
            for part in reply if isinstance(reply, list) else [reply]:
                if isinstance(part, ReplyError):
                    raise part
            if reply is not False:
                replies.append(reply)
                continue
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionError("Redis has closed the connection")
            self._reader.feed(data)
        return replies

    def _close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None
