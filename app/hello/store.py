"""All use of Redis: the counter, and how visits spread over replicas.

``visits`` is the counter. The hash ``spread`` has a field ``NODE/REPLICA`` with the visits of each
replica; a field expires KEEP_SECONDS after its replica's last visit, so replicas long gone leave
by themselves (HEXPIRE, Redis 7.4 or newer).
"""

import logging
import time
from pathlib import Path
from typing import NamedTuple

from redis import AuthenticationError, CredentialProvider, Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

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


class PasswordFile(CredentialProvider):
    """Reads the password at each connect, so that it can change while the app runs."""

    def __init__(self, path: str) -> None:
        """Name the file."""
        self.path = Path(path)

    def get_credentials(self) -> tuple[str] | tuple[()]:
        """Tell the password; a Redis without password has no such file."""
        try:
            return (self.path.read_text().strip(),)
        except FileNotFoundError:
            return ()


class Store:
    """The counter in Redis; fails fast, and recovers by itself."""

    def __init__(self, host: str, port: int, password_file: str) -> None:
        """Prepare connections; the first visit connects."""
        self._redis = Redis(
            host,
            port,
            credential_provider=PasswordFile(password_file),
            socket_connect_timeout=TIMEOUT_SECONDS,
            socket_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
            # RESP2 and no client info: the login is the only round trip of a connect.
            protocol=2,
            driver_info=None,
        )
        self._failure = ""
        self._retry_at = 0.0

    def count_visit(self, node: str, replica: str) -> Visit:
        """Count a visit in one atomic round trip.

        :raise CounterDisabled: if Redis cannot be used
        """
        field = f"{node}/{replica}"
        transaction = self._redis.pipeline(transaction=True)
        transaction.incr("visits")
        transaction.hincrby("spread", field, 1)
        transaction.hexpire("spread", KEEP_SECONDS, field)
        transaction.hgetall("spread")
        number, _, _, spread = self._attempt(transaction.execute)
        return Visit(
            number,
            sorted(Replica(*key.split("/", 1), int(visits)) for key, visits in spread.items()),
        )

    def check(self) -> None:
        """See whether Redis answers.

        :raise CounterDisabled: if not
        """
        self._attempt(self._redis.ping)

    def _attempt(self, command):
        """Run a command, or fail at once shortly after a failure."""
        if time.monotonic() < self._retry_at:
            raise CounterDisabled(self._failure)
        try:
            result = command()
        except (RedisError, OSError) as error:
            failure = (
                "Redis refuses the password" if isinstance(error, AuthenticationError) else "Redis does not answer"
            )
            if failure != self._failure:
                log.warning("Counter disabled: %s", error)
            self._failure = failure
            self._retry_at = time.monotonic() + PAUSE_SECONDS
            raise CounterDisabled(failure) from error
        if self._failure:
            log.warning("Counter enabled again")
            self._failure = ""
        return result
