"""All use of Redis: the counter, and how visits spread over replicas.

``visits`` is the counter. The hash ``spread`` has a field ``NODE/REPLICA`` with the visits of each
replica; a field expires KEEP_SECONDS after its replica's last visit, so replicas long gone leave
by themselves (HEXPIRE, Redis 7.4 or newer).
"""

import logging
import time
from pathlib import Path
from typing import Any, NamedTuple

from hiredis import HiredisError

from .client import Client

KEEP_SECONDS = 15 * 60

# The page promises an answer within 2 s. A visit waits at most for a connect, a login and the
# counting, each this long.
TIMEOUT_SECONDS = 0.5

# After a failure Redis is left alone for this long: while it is away, pages answer at once and
# the few threads stay free for health checks.
PAUSE_SECONDS = 1.0

log = logging.getLogger(__name__)


class CounterDisabled(Exception):
    """Redis cannot be used now; the message says why, in words fit for visitors."""


class Replica(NamedTuple):
    """One replica's share of the visits."""

    node: str
    name: str
    visits: int


class Visit(NamedTuple):
    """A counted visit and the spread of those before it."""

    number: int
    spread: list[Replica]


class Store:
    """The counter in Redis; fails fast, and recovers by itself."""

    def __init__(self, host: str, port: int, password_file: str) -> None:
        """Prepare connections; the first visit connects."""
        self._client = Client(host, port, lambda: read_password(password_file), TIMEOUT_SECONDS)
        self._failure = ""
        self._retry_at = 0.0

    def count_visit(self, node: str, replica: str) -> Visit:
        """Count a visit in one atomic round trip.

        :raise CounterDisabled: if Redis cannot be used
        """
        field = f"{node}/{replica}"
        number, _, _, spread = self._run(
            ("MULTI",),
            ("INCR", "visits"),
            ("HINCRBY", "spread", field, 1),
            ("HEXPIRE", "spread", KEEP_SECONDS, "FIELDS", 1, field),
            ("HGETALL", "spread"),
            ("EXEC",),
        )[-1]
        return Visit(
            number,
            sorted(
                Replica(*key.split("/", 1), int(visits)) for key, visits in zip(spread[::2], spread[1::2], strict=True)
            ),
        )

    def check(self) -> None:
        """See whether Redis answers.

        :raise CounterDisabled: if not
        """
        self._run(("PING",))

    def _run(self, *commands: tuple[str | int, ...]) -> list[Any]:
        """Run commands, or fail at once shortly after a failure."""
        if time.monotonic() < self._retry_at:
            raise CounterDisabled(self._failure)
        try:
            replies = self._client.run(*commands)
        except (HiredisError, OSError) as error:
            refused = str(error).startswith(("WRONGPASS", "NOAUTH"))
            failure = "Redis refuses the password" if refused else "Redis does not answer"
            if failure != self._failure:
                log.warning("Counter disabled: %s", error)
            self._failure = failure
            self._retry_at = time.monotonic() + PAUSE_SECONDS
            raise CounterDisabled(failure) from error
        if self._failure:
            log.warning("Counter enabled again")
            self._failure = ""
        return replies


def read_password(path: str) -> str:
    """Read the password, which can change while the app runs; a Redis without password has no such file."""
    try:
        return Path(path).read_text().strip()
    except FileNotFoundError:
        return ""
