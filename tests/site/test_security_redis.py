"""Who listens between the hosts, or sits beside the app, learns nothing of Redis and cannot reach it."""

import base64
import contextlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from test_data import await_redis, kill
from test_restore import DATA, DUMPS, made
from test_rotation import password
from visits import load

from bench import stack
from tests.support.runs import REPOSITORY
from tests.support.stack import stack_with

# What the app says to Redis to log in and to count (RESP), and what the page says, which is not encrypted.
LOGIN, COUNT, PAGE = "AUTH", "INCRBY", "Hello World!"


@contextlib.contextmanager
def listening(fleet, *texts):
    """Listen on the wires between the hosts meanwhile.

    :return: list that then gets the number of frames of ESP, and of those with each text
    """
    counts = []
    command = [sys.executable, "-m", "fleet", "exec", "--name", fleet.name, "--", sys.executable]
    command += [Path(__file__).with_name("sniffer.py")]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sniffer:
        sniffer.stdin.write("".join(f"{text}\n" for text in [*texts, ""]))
        sniffer.stdin.flush()
        assert sniffer.stdout.readline() == "listening\n"
        yield counts
        output, _ = sniffer.communicate(timeout=60)
    counts += json.loads(output)


@pytest.mark.long
def test_no_word_between_the_app_and_redis_crosses_the_wire_in_clear(fleet):
    (node,) = fleet.nodes_of("redis")
    with listening(fleet, password(fleet), LOGIN, COUNT, PAGE) as counts:
        # Killed, so that every replica logs in again.
        kill(fleet, node, "redis-server")
        await_redis(fleet, "1/1")
        with load(fleet):
            for _ in range(5):
                fleet.pages()
            fleet.assert_serving()
    print(f"frames: {counts[0]} of ESP; with the password, a login, a count, the page: {counts[1:]}")
    encrypted, *clear, pages = counts
    assert clear == [0, 0, 0]
    # All of it was listened to.
    assert min(encrypted, pages) > 0


def test_redis_is_alone_with_the_app_and_has_no_way_out(fleet):
    (node,) = fleet.nodes_of("redis")
    (redis,) = fleet.containers(node, "redis")
    networks = json.loads(fleet.on(node, f"docker inspect -f '{{{{json .NetworkSettings.Networks}}}}' {redis}"))
    assert [*networks] == [f"{stack.NAME}_data"]
    # The lines of /proc/net/route after the first; a default route leads to 00000000.
    routes = [line.split()[1] for line in fleet.on(node, f"docker exec {redis} cat /proc/net/route").splitlines()[1:]]
    assert routes
    assert "00000000" not in routes


def test_network_with_other_options_is_refused(fleet, tmp_path):
    changed = {"networks": {"data": {"internal": False}}}
    fleet.play("-e", stack_with(tmp_path, changed)).refused(
        f"network-differs: stacks.{stack.NAME}.files: networks.data.internal"
    )


@pytest.mark.long
def test_no_password_crosses_the_wire_while_nodes_log_in_and_a_backup_is_made(fleet, tmp_path):
    """A login to the registry would be its line of config.json, a dump would begin with Redis' name and version."""
    config = json.loads(fleet.on("worker-1", "cat /root/.docker/config.json"))
    (login,) = {entry["auth"] for entry in config["auths"].values()}
    secret = base64.b64decode(login).decode().partition(":")[2]
    tokens = [fleet.on(fleet.manager, f"docker swarm join-token -q {role}").strip() for role in ("manager", "worker")]
    with listening(fleet, password(fleet), login, secret, *tokens, "REDIS0", PAGE) as counts:
        for host in fleet.addresses:
            fleet.on(host, "rm /root/.docker/config.json")
        run = fleet.play().succeeded()
        made(fleet, tmp_path, *DUMPS)
        fleet.pages()
    assert any("log in to" in change for change in run.changes)
    _encrypted, *clear, pages = counts
    assert clear == [0] * 6
    assert pages > 0


@pytest.mark.long
def test_backup_is_made_by_the_operator(fleet, tmp_path):
    backup, _ = made(fleet, tmp_path, *DUMPS)
    opened = ["age", "--decrypt", "--identity", (fleet.inventory / "../backup.key").resolve(), backup / DATA]
    data = subprocess.run(opened, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        copy = archive.extractfile("appendonlydir/appendonly.aof.1.base.rdb")
        assert copy.read().startswith(b"REDIS")
