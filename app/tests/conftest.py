"""A real Redis and a real gunicorn for each test that asks for them."""

import contextlib
import os
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest
import redis
from flask.testing import FlaskClient
from hello import create_app

APP = Path(__file__).parents[1]
PASSWORD = "canary-in-a-coal-mine"


def free_port() -> int:
    """Find a port that nobody uses now, below those that Linux gives to outgoing connections (32768 and up)."""
    for port in random.sample(range(20000, 32768), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("0.0.0.0", port))
            return port
    raise AssertionError("every one of a hundred ports is in use")


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that must come true."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


class RedisServer:
    """A redis-server on a port of its own, with the settings of stack.yml that matter here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.password_file = folder / "redis_password"
        # As an editor or openssl leaves it.
        self.password_file.write_text(f"{PASSWORD}\n")
        self.process: subprocess.Popen | None = None

    def client(self) -> redis.Redis:
        """Make a client that reads what the app wrote."""
        return redis.Redis(port=self.port, password=PASSWORD, decode_responses=True)

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.process = subprocess.Popen(
            ["redis-server", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        with self.process.stdin as config:
            config.write(
                f"bind 127.0.0.1\nport {self.port}\nrequirepass {PASSWORD}\ndir {self.folder}\n"
                'appendonly yes\nappendfsync always\nsave ""\n'
            )
        wait_until(self.answers)

    def answers(self) -> bool:
        """Tell whether the server is ready."""
        with self.client() as client:
            client.set_retry(redis.retry.Retry(redis.backoff.NoBackoff(), 0))
            try:
                return client.ping()
            except redis.ConnectionError:
                return False

    def stop(self) -> None:
        """Stop, if running, and keep the data."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


class Web:
    """Gunicorn as the image runs it, on a port of its own."""

    def __init__(self, folder: Path, *prefix: str, **environment: str) -> None:
        """Start it, by a command that runs another one if such a prefix is given."""
        self.port = free_port()
        self.log = folder / "web.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, "-W", "error", "-m", "gunicorn", "hello:create_app()"],
                cwd=APP,
                env={"PATH": os.environ["PATH"], "PORT": str(self.port), "DRAIN_SECONDS": "0"} | environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(self.listens)

    def listens(self) -> bool:
        """Tell whether the server takes requests."""
        assert self.process.poll() is None, self.log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def get(self, path: str = "/") -> HTTPResponse:
        """Ask for a page, whatever its status."""
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30)
        except urllib.error.HTTPError as error:
            return error

    def text(self, path: str = "/") -> str:
        """Read a page."""
        with self.get(path) as response:
            return response.read().decode()

    def stop(self) -> int:
        """Stop as Swarm does, and tell the exit code."""
        self.process.terminate()
        return self.process.wait()


def client_of(redis_server: RedisServer, **config: str) -> FlaskClient:
    """Make a replica within this process."""
    return create_app(
        {
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": redis_server.port,
            "REDIS_PASSWORD_FILE": redis_server.password_file,
            **config,
        }
    ).test_client()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """Run a Redis."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def run_web(tmp_path: Path, redis_server: RedisServer) -> Iterator[Callable[..., Web]]:
    """Run the app with the Redis and more environment, by a command that runs another one if given."""
    started = []

    def run(*prefix: str, **environment: str) -> Web:
        settings = {
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(redis_server.port),
            "REDIS_PASSWORD_FILE": str(redis_server.password_file),
        }
        started.append(Web(tmp_path, *prefix, **(settings | environment)))
        return started[-1]

    yield run
    for web in started:
        web.stop()
