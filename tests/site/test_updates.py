"""Nothing that changes the stack costs a visitor a request: a constant load goes through all nodes meanwhile."""

import contextlib
import json
import signal
import subprocess
import sys
import time

import pytest
from conftest import REPOSITORY

# Free addresses of the fleet's network, for visitors.
VISITORS = ["10.77.{}.201", "10.77.{}.202", "10.77.{}.203", "10.77.{}.204"]


@contextlib.contextmanager
def load(fleet):
    """Ask for the page ten times a second, from four clients through all nodes; no request may fail."""
    network = fleet.addresses[fleet.manager].split(".")[2]
    visitors = [address.format(network) for address in VISITORS]
    for address in visitors:
        fleet.command("exec", "--", "ip", "address", "replace", f"{address}/24", "dev", "bridge")
    command = [sys.executable, "-m", "fleet", "exec", "--name", fleet.name, "--", sys.executable, "bench/load.py"]
    command += [word for address in visitors for word in ("--source", address)]
    command += [f"http://{address}:4000/" for address in fleet.addresses.values()]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield
            assert process.poll() is None, "the load ended before what it was to go along with"
        finally:
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=60)
    print(output)
    summary = json.loads(output)
    assert summary["sent"]
    assert summary["failed"] == 0, summary


def greet(fleet, name):
    """Let every replica greet somebody, and return the seconds that this took."""
    start = time.monotonic()
    assert fleet.play("-e", json.dumps({"stack_environment": {"NAME": name}})).code == 0
    seconds = time.monotonic() - start
    for address in fleet.addresses.values():
        assert f"Hello {name}!" in fleet.page(address)
    return seconds


def scale(fleet, tmp_path, replicas):
    """Deploy with another number of replicas, as a user would edit it."""
    text = (REPOSITORY / "app/stack.yml").read_text()
    assert text.count("replicas: 5") == 1
    path = tmp_path / "stack.yml"
    path.write_text(text.replace("replicas: 5", f"replicas: {replicas}"))
    assert fleet.play("-e", f"stack_file={path}").code == 0
    assert fleet.services()["web"] == f"{replicas}/{replicas}"


@pytest.mark.long
def test_update_and_the_way_back_lose_no_request(fleet):
    with load(fleet):
        print(f"one update: {greet(fleet, 'Moby'):.0f} s")
        assert fleet.play(playbook="playbooks/rollback.yml").code == 0
        assert "Hello World!" in fleet.page(fleet.addresses["worker-1"])
    assert set(fleet.play().changed.values()) == {0}


@pytest.mark.long
def test_rotated_password_loses_no_request(fleet):
    with load(fleet):
        assert fleet.play("-e", "stack_rotate=redis_password", playbook="playbooks/deploy.yml").code == 0


@pytest.mark.long
def test_scaling_up_and_down_loses_no_request(fleet, tmp_path):
    with load(fleet):
        for replicas in (8, 3, 5):
            scale(fleet, tmp_path, replicas)


@pytest.mark.long
def test_draining_a_node_loses_no_request(fleet):
    """The node without Redis, which has one task; web tasks move, and the node itself goes on to answer."""
    placed = fleet.on(
        fleet.manager, "docker service ps --filter desired-state=running --format '{{.Node}}' hello_redis"
    )
    node = next(name for name in reversed(fleet.addresses) if name != placed.strip())
    with load(fleet):
        fleet.on(fleet.manager, f"docker node update --availability drain {node}")
        wait_until_whole(fleet, node)
        fleet.on(fleet.manager, f"docker node update --availability active {node}")
        fleet.play()
    assert fleet.services()["web"] == "5/5"


def wait_until_whole(fleet, drained):
    """Wait until all replicas run, and none on the drained node."""
    listing = "docker service ps --filter desired-state=running --format '{{.Node}} {{.CurrentState}}' hello_web"
    end = time.monotonic() + 600
    while True:
        tasks = [line.split()[:2] for line in fleet.on(fleet.manager, listing).splitlines()]
        if len(tasks) == 5 and all(node != drained and state == "Running" for node, state in tasks):
            return
        assert time.monotonic() < end, tasks
        time.sleep(2)


@pytest.mark.long
def test_an_update_by_hand_for_comparison(fleet):
    """Swarm's own part of an update, to be printed beside the whole run that a user waits for."""
    with load(fleet):
        whole = greet(fleet, "Moby")
        start = time.monotonic()
        fleet.on(fleet.manager, "docker service update --quiet --env-add NAME=World hello_web")
        by_hand = time.monotonic() - start
        greet(fleet, "World")
    print(f"an update: {whole:.0f} s by flotilla, {by_hand:.0f} s by docker service update")
