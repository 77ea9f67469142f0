"""Nothing that changes the stack costs a visitor a request: a constant load goes through all nodes meanwhile."""

import time

import pytest
from visits import load

from bench import stack
from tests.support.stack import stack_with
from tests.support.wait import wait_until


def greet(fleet, name):
    """Let every replica greet somebody, and return the seconds that this took."""
    start = time.monotonic()
    fleet.play("-e", stack.option(environment={"NAME": name})).succeeded()
    seconds = time.monotonic() - start
    assert all(f"Hello {name}!" in page for page in fleet.pages())
    return seconds


def scale(fleet, tmp_path, replicas):
    """Deploy with another number of replicas, as a user would edit it."""
    fleet.play("-e", stack_with(tmp_path, **{stack.WEB: {"deploy": {"replicas": replicas}}})).succeeded()
    fleet.assert_serving(**{stack.WEB: replicas})


@pytest.mark.long
def test_update_and_the_way_back_lose_no_request(fleet):
    with load(fleet):
        print(f"one update: {greet(fleet, 'Moby'):.0f} s")
        fleet.play(playbook="playbooks/rollback.yml").succeeded()
        assert "Hello World!" in fleet.page(fleet.addresses["worker-1"])
    fleet.play().unchanged()


@pytest.mark.long
def test_rotated_password_loses_no_request(fleet):
    with load(fleet):
        fleet.play("-e", "stack_rotate=redis_password", playbook="playbooks/deploy.yml").succeeded()


@pytest.mark.long
def test_scaling_up_and_down_loses_no_request(fleet, tmp_path):
    with load(fleet):
        for replicas in (stack.REPLICAS + 3, stack.REPLICAS - 2, stack.REPLICAS):
            scale(fleet, tmp_path, replicas)


@pytest.mark.long
def test_draining_a_node_loses_no_request(fleet):
    """The node without Redis, which has one task; web tasks move, and the node itself goes on to answer."""
    node = next(name for name in reversed(fleet.addresses) if [name] != fleet.nodes_of("redis"))
    with load(fleet):
        fleet.on(fleet.manager, f"docker node update --availability drain {node}")
        wait_until(lambda: is_whole_without(fleet, node), 600)
        fleet.on(fleet.manager, f"docker node update --availability active {node}")
        fleet.play()
    fleet.assert_serving()


def is_whole_without(fleet, drained):
    """Whether all replicas run, and none on the drained node."""
    tasks = fleet.tasks(stack.WEB)
    return len(tasks) == stack.REPLICAS and all(node != drained and state == "Running" for node, state in tasks)


@pytest.mark.long
def test_an_update_by_hand_for_comparison(fleet):
    """Swarm's own part of an update, to be printed beside the whole run that a user waits for."""
    with load(fleet):
        whole = greet(fleet, "Moby")
        start = time.monotonic()
        fleet.on(fleet.manager, f"docker service update --quiet --env-add NAME=World {stack.NAME}_{stack.WEB}")
        by_hand = time.monotonic() - start
        greet(fleet, "World")
    print(f"an update: {whole:.0f} s by flotilla, {by_hand:.0f} s by docker service update")
