"""Slow and hostile visitors stay in nobody's way: a constant load goes through all nodes beside them."""

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from visits import load

from bench import stack
from tests.support.runs import REPOSITORY

CONNECTIONS = 1000
SECONDS = 1800
# Eight free addresses of the fleet's network.
ATTACKERS = [f"10.77.{{}}.{number}" for number in range(211, 219)]


@contextlib.contextmanager
def attack(fleet):
    """Attack the page through all nodes meanwhile.

    :return: dict that then gets ``made`` and ``most``, see attacker.py
    """
    network = fleet.addresses[fleet.manager].split(".")[2]
    sources = [address.format(network) for address in ATTACKERS]
    for address in sources:
        fleet.command("exec", "--", "ip", "address", "replace", f"{address}/24", "dev", "bridge")
    command = [sys.executable, "-m", "fleet", "exec", "--name", fleet.name, "--", sys.executable]
    command += [Path(__file__).with_name("attacker.py"), str(CONNECTIONS), ",".join(sources)]
    command += [f"{address}:{stack.PORT}" for address in fleet.addresses.values()]
    told = {}
    with subprocess.Popen(
        ["prlimit", f"--nofile={CONNECTIONS + 100}", *command],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield told
        finally:
            output, _ = process.communicate(timeout=60)
    told.update(json.loads(output))


@pytest.mark.long
def test_no_request_fails_beside_slow_and_hostile_visitors(fleet):
    before = containers(fleet)
    end = time.monotonic() + SECONDS
    with attack(fleet) as told, load(fleet, rate=5):
        while time.monotonic() < end:
            fleet.pages()
    print(f"{told['made']} hostile connections, {told['most']} at once")
    assert told["most"] > CONNECTIONS / 2
    # No replica was killed, neither for its memory nor for its health.
    assert containers(fleet) == before


def containers(fleet):
    return {host: sorted(fleet.containers(host, stack.WEB)) for host in fleet.addresses}
