"""A real Redis and a real server for each test that asks for them."""

import contextlib
import os
import random
import re
import resource
import socket
import subprocess
import sys
import textwrap
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

# Both ends of a thousand connections.
_, MOST_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, MOST_FILES), MOST_FILES))


# Below those that Linux gives to outgoing connections (32768 and up), and each only once: one that was given may not
# be in use yet.
PORTS = iter(random.sample(range(20000, 32768), 12768))


def free_port() -> int:
    """Find a port that nobody uses now, and that was not given before."""
    for port in PORTS:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("0.0.0.0", port))
            return port
    raise AssertionError("no port is left")


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that must come true."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def redis_script() -> str:
    """Take from compose.yml how Redis is run there."""
    compose = (APP / "compose.yml").read_text()
    block = re.search(r"command:\n +- \|\n(.*? EOF\n)", compose, re.DOTALL)
    assert block
    return textwrap.dedent(block[1]).replace("$$", "$")


class RedisServer:
    """A redis-server on a port of its own, run as compose.yml runs it, with folders of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.password_file = folder / "redis_password"
        # As an editor or openssl leaves it.
        self.password_file.write_text(f"{PASSWORD}\n")
        self.process: subprocess.Popen | None = None

    def client(self, user: str = "operator") -> redis.Redis:
        """Make a client, by default one that reads what the app wrote."""
        password = PASSWORD if user == "app" else (self.folder / "operator").read_text().strip()
        return redis.Redis(port=self.port, username=user, password=password, decode_responses=True)

    def start(self) -> None:
        """Start, and wait until it answers."""
        script = redis_script().replace("dir /data", f"dir {self.folder}\nbind 127.0.0.1\nport {self.port}")
        script = script.replace("/run/secrets", str(self.folder)).replace("/dev/shm", str(self.folder))
        self.process = subprocess.Popen(["sh", "-euc", script], stdout=subprocess.DEVNULL)
        wait_until(self.answers)

    def start_without_users(self) -> None:
        """Start one that asks for no password."""
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", ""]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def answers(self) -> bool:
        """Tell whether the server is ready."""
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)):
                return False
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
    """The app as the image runs it, on ports of its own."""

    def __init__(self, folder: Path, *prefix: str, **environment: str) -> None:
        """Start it, by a command that runs another one if such a prefix is given."""
        self.port, self.probe_port = free_port(), free_port()
        self.log = folder / "web.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, "-W", "error", "-m", "serve"],
                cwd=APP,
                env={
                    "PATH": os.environ["PATH"],
                    "PORT": str(self.port),
                    "PROBE_PORT": str(self.probe_port),
                    "DRAIN_SECONDS": "0",
                    **environment,
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(self.listens)

    def listens(self) -> bool:
        """Tell whether the server takes requests."""
        assert self.process.poll() is None, self.log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def get(self, path: str = "/", port: int = 0) -> HTTPResponse:
        """Ask for a page, whatever its status."""
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port or self.port}{path}", timeout=30)
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
