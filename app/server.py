"""Serve visitors by waitress: one loop reads all requests, and only a whole one gets a thread.

What a slow or hostile visitor can fill has a limit here, and what an attack fills is taken from the attack: the
connection that has waited longest for its request goes first. The health probe has an address, a thread and a queue of
its own.
"""

import logging
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask

log = logging.getLogger("serve")
# A visitor that goes away, or has to wait, fills no log.
logging.getLogger("waitress").setLevel(logging.WARNING)
logging.getLogger("waitress.queue").setLevel(logging.ERROR)

type App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# More load is more replicas: one process each, its threads waiting for Redis in parallel.
THREADS = 4

# Seconds after its connect in which a visitor's request must be there, and in which its answer must be taken.
REQUEST_SECONDS, ANSWER_SECONDS = 10, 20

# Connections of a replica. One more, and the one that has waited longest for its request is closed: a request usually
# comes with its connection.
CONNECTIONS = 256
# That are taken in one turn of the loop, in which those that are there already have to wait.
CONNECTIONS_AT_A_TIME = 32

# Of a request, in bytes: its first line and headers, and its body, of which the page needs none.
HEADER_BYTES, BODY_BYTES = 16 * 1024, 4 * 1024

# What the kernel keeps of what a visitor has sent and nobody has read; it counts as the task's memory, too.
UNREAD_BYTES = 32 * 1024

# No request runs as long as this, since Redis is waited for 2 s at most: a thread that does hangs.
HUNG_SECONDS = 30


class LastAnswer(WSGITask):
    """An answer that ends its connection.

    A kept connection can be closed, by a stopping replica or for being idle, just when its client makes the next
    request, which is then lost; and it would stay with one replica, while new connections spread over all of them.
    """

    def __init__(self, channel: HTTPChannel, request: HTTPRequestParser) -> None:
        """Answer as if the visitor had asked for that."""
        request.headers["CONNECTION"] = "close"
        super().__init__(channel, request)


class Visitor(HTTPChannel):
    """A connection."""

    task_class = LastAnswer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Remember when it came."""
        # Not waitress' own: that is the time of day, which may jump.
        self.since = time.monotonic()
        self.runs_since: float | None = None
        super().__init__(*args, **kwargs)

    @property
    def is_awaited(self) -> bool:
        """Tell whether its request is not there yet."""
        return not (self.requests or self.total_outbufs_len or self.will_close or self.close_when_flushed)

    def is_late(self, now: float) -> bool:
        """Tell whether it has had its time."""
        return not self.requests and now - self.since > (REQUEST_SECONDS if self.is_awaited else ANSWER_SECONDS)

    def service(self) -> None:
        """Answer, in a thread."""
        self.runs_since = time.monotonic()
        super().service()
        self.runs_since = None


class Door(TcpWSGIServer):
    """An address that takes connections, and the threads that answer them."""

    channel_class = Visitor

    def __init__(self, app: App, sockets: dict[int, Any], host: str, port: int, threads: int) -> None:
        """Listen."""
        workers = ThreadedTaskDispatcher()
        workers.set_thread_count(threads)
        limits = Adjustments(
            host=host,
            port=port,
            ident=None,
            # Connections have a limit of their own, below: at this one nobody would be let in any more.
            connection_limit=10 * CONNECTIONS,
            cleanup_interval=1,
            max_request_header_size=HEADER_BYTES,
            max_request_body_size=BODY_BYTES,
            # The root file system is read-only: no request and no answer goes to a file.
            inbuf_overflow=2**30,
            outbuf_overflow=2**30,
            log_socket_errors=False,
        )
        super().__init__(app, sockets, dispatcher=workers, adj=limits, sockinfo=limits.listen[0])

    def handle_accept(self) -> None:
        """Take those that wait, some at a time, and close the oldest of those that are too many."""
        for _ in range(CONNECTIONS_AT_A_TIME):
            if not self.take_one():
                break
        surplus = len(self.active_channels) - CONNECTIONS
        if surplus > 0:
            # In the order in which they came.
            awaited = [visitor for visitor in self.active_channels.values() if visitor.is_awaited]
            for visitor in awaited[:surplus]:
                visitor.will_close = True

    def take_one(self) -> bool:
        """Take one that waits, and tell whether there was one."""
        before = len(self.active_channels)
        super().handle_accept()
        return len(self.active_channels) > before

    def set_socket_options(self, conn: socket.socket) -> None:
        """Answer without delay, and let little wait unread."""
        super().set_socket_options(conn)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UNREAD_BYTES)

    def maintenance(self, _now: float = 0) -> None:
        """Close what is late; the loop calls this once a second."""
        now = time.monotonic()
        for visitor in self.active_channels.values():
            if visitor.is_late(now):
                visitor.will_close = True

    def hangs(self) -> bool:
        """Tell whether a thread does not come back."""
        start = time.monotonic() - HUNG_SECONDS
        return any((visitor.runs_since or start) < start for visitor in [*self.active_channels.values()])


class Serving:
    """The app at its port, and the health probe at another one, which only its own container reaches."""

    def __init__(self, app: App, port: int, probe_port: int) -> None:
        """Take connections; ``run`` answers them."""
        self._app = app
        self._sockets: dict[int, Any] = {}
        # First what nobody waits for: if an address is taken already, no visitor is let in and then reset.
        Door(self._probe, self._sockets, "127.0.0.1", probe_port, 1)
        self._visitors = Door(app, self._sockets, "0.0.0.0", port, THREADS)
        self._stopping = False

    def run(self, finish_seconds: float) -> None:
        """Answer until it is stopped, and then for so many seconds those that are connected."""
        while not self._stopping:
            self._turn()
        # Those who wait in the queue of a socket that closes are reset.
        while self._visitors.take_one():
            pass
        wasyncore.dispatcher.close(self._visitors)
        log.info("No more visitors")
        end = time.monotonic() + finish_seconds
        while self._visitors.active_channels and time.monotonic() < end:
            self._visitors.maintenance()
            self._turn()

    def stop(self) -> None:
        """Take no more connections, and end when those of before are answered; may be called by a signal's handler."""
        self._stopping = True
        self._visitors.pull_trigger()

    def _turn(self) -> None:
        """Handle what has come, and wait a second for it at most."""
        wasyncore.loop(timeout=1, map=self._sockets, use_poll=True, count=1)

    def _probe(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer the health probe as the app does, unless a thread hangs, of which the app learns nothing."""
        if self._visitors.hangs():
            start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b"a request hangs\n"]
        return self._app(environ, start_response)
