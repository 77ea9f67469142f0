"""All use of Redis: the counter, and how visits spread over replicas.

``visits`` is the counter. The hash ``spread`` has a field ``NODE/REPLICA`` with the visits of each
replica; a field expires KEEP_SECONDS after its replica's last visit, so replicas long gone leave
by themselves (HEXPIRE, Redis 7.4 or newer).
"""

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from redis import AuthenticationError, ConnectionError, CredentialProvider, Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

KEEP_SECONDS = 15 * 60

# The page promises an answer within 2 s. A visit waits at most for a connect, a login and the
# counting, each this long. What finding Redis' address may take, the Dockerfile says.
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

    def __init__(self, host: str, port: int, user: str, password_file: str) -> None:
        """Prepare connections; the first visit connects."""
        self._redis = Redis(
            host,
            port,
            credential_provider=Login(user, password_file),
            decode_responses=True,
            encoding_errors="backslashreplace",
            socket_connect_timeout=TIMEOUT_SECONDS,
            socket_timeout=TIMEOUT_SECONDS,
            # A visit whose answer was lost may have been counted: tried again, it would count twice.
            retry=Retry(NoBackoff(), retries=0),
            # The login is then the only thing to wait for between a connect and the first command.
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
        transaction = self._redis.pipeline()
        transaction.incr("visits")
        transaction.hincrby("spread", field)
        transaction.hexpire("spread", KEEP_SECONDS, field)
        transaction.hgetall("spread")
        number, _, _, spread = self._run(transaction.execute)
        return Visit(number, sorted(shares(spread)))

    def check(self) -> None:
        """See whether Redis answers.

        :raise CounterDisabled: if not
        """
        self._run(self._redis.ping)

    def _run[Reply](self, command: Callable[[], Reply]) -> Reply:
        """Run a command, or fail at once shortly after a failure."""
        if time.monotonic() < self._retry_at:
            raise CounterDisabled(self._failure)
        try:
            reply = command()
        except RedisError as error:
            refused = isinstance(error, AuthenticationError)
            failure = "Redis refuses the password" if refused else "Redis does not answer"
            if failure != self._failure:
                log.warning("Counter disabled: %s", error)
            self._failure = failure
            self._retry_at = time.monotonic() + PAUSE_SECONDS
            raise CounterDisabled(failure) from error
        if self._failure:
            log.warning("Counter enabled again")
            self._failure = ""
        return reply


def shares(spread: dict[str, str]) -> Iterator[Replica]:
    """Read the hash; a field that no replica counts in is left out, for it would stop the page of all for good."""
    for field, visits in spread.items():
        node, slash, name = field.partition("/")
        if slash and visits.isdecimal() and visits != "0":
            yield Replica(node, name, int(visits))


class Login(CredentialProvider):
    """A user, and the password in a file, read at each connect since it can change while the app runs."""

    def __init__(self, user: str, path: str) -> None:
        """Remember who, and where the password is."""
        self._user = user
        self._path = Path(path)

    def get_credentials(self) -> tuple[()] | tuple[str, str]:
        """Read the password; a Redis without users and passwords has no such file.

        As in a shell's ``$(cat FILE)``, newlines at the end are no part of it, but spaces are.

        :raise ConnectionError: there is one that cannot be read
        """
        try:
            password = self._path.read_text(newline="").rstrip("\n")
        except FileNotFoundError:
            return ()
        except OSError as error:
            # After an error of its own the client ends the connection, which is not logged in.
            raise ConnectionError(f"The password cannot be read: {error}") from error
        return (self._user, password) if password else ()
