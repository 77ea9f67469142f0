"""Three managers, the registry and Redis not on the first: any of them may be moved, added to or retired.

Each test begins with its own edit of the inventory, and goes on with the hosts that the one before it left.
"""

import os
import random
import signal

import pytest
import yaml
from members import MANAGERS, begin_with, cluster, converge, documented, majority_lives, nodes, roles
from visits import visiting

from bench import stack
from tests.support.fleet import visits

HOLDER = "flotilla.volume.hello_redis-data"
pytestmark = pytest.mark.long


def test_each_operation_is_one_edit_and_one_run(managers):
    begin_with(managers, MANAGERS, [])
    managers.command("up", "5", "--managers", "3")
    managers.set_hosts(MANAGERS, ["worker-1", "worker-2"])
    run = converge(managers)
    # They let the new ones in: their rules are written, and given to the kernel.
    assert {run.changed[name] for name in MANAGERS} == {2}
    before = cluster(managers, "manager-2")

    _edit, rebalance = documented("Add a host")
    with visiting(managers) as visitors:
        managers.play(playbook=rebalance.split()[-1]).succeeded()
    assert visitors.failed == []
    assert {"worker-1", "worker-2"} <= set(managers.nodes_of(stack.WEB))

    managers.set_hosts(["manager-2", "manager-3", "worker-1"], ["manager-1", "worker-2"])
    with majority_lives(managers, "manager-2"):
        converge(managers)
    expected = {
        **dict.fromkeys(MANAGERS, "manager"),
        "manager-1": "worker",
        "worker-1": "manager",
        "worker-2": "worker",
    }
    assert roles(managers) == expected

    now = {"managers": ["manager-2", "manager-3", "worker-1"], "workers": ["manager-1", "worker-2"]}
    managers.on("manager-2", "docker node update --label-add foreign=x worker-2")
    for given in ({"disk": "ssd", "zone": "a"}, {"disk": "ssd", "zone": "b"}, {}):
        managers.set_hosts(**now, worker_2={"swarm_node_labels": given})
        run = converge(managers)
        assert [name for name, changed in run.changed.items() if changed] == ["worker-2"]
        found = nodes(managers, "manager-2")["worker-2"]["labels"]
        assert {name: value for name, value in found.items() if name != "flotilla.labels"} == {"foreign": "x", **given}

    (line,) = documented("Label a host, or take tasks from it")
    (given,) = yaml.safe_load(line).values()
    del given["ansible_host"]
    managers.set_hosts(**now, worker_2=given)
    converge(managers)
    assert nodes(managers, "manager-2")["worker-2"]["labels"]["disk"] == "ssd"
    assert "worker-2" not in managers.nodes_of(stack.WEB)
    managers.set_hosts(**now)
    converge(managers)
    assert nodes(managers, "manager-2")["worker-2"]["availability"] == "active"

    managers.set_hosts(now["managers"], ["manager-1"], ["worker-2"])
    converge(managers)
    managers.set_hosts(["manager-2", "manager-3"], ["manager-1"], ["worker-2", "worker-1"])
    with majority_lives(managers, "manager-2"):
        run = converge(managers)
    assert "2 managers stand the loss of 0, as 1 would" in run.words
    assert roles(managers) == {"manager-1": "worker", "manager-2": "manager", "manager-3": "manager"}
    assert cluster(managers, "manager-2") == before


def test_interrupted_runs_end_in_what_the_inventory_says(managers, tmp_path):
    """Add, promote and retire, interrupted ten times at random moments; then one run to the end."""
    seed = os.environ.get("FLOTILLA_SEED") or str(random.randrange(10**6))
    print(f"FLOTILLA_SEED={seed}")
    moments = random.Random(seed)
    managers.command("up", "5", "--managers", "3")
    begin_with(managers, MANAGERS, ["worker-1"])
    managers.command("wipe", "worker-2")
    before = cluster(managers, "manager-2")
    managers.set_hosts(["manager-2", "manager-3", "worker-1"], ["worker-2"], ["manager-1"])
    with majority_lives(managers, "manager-2"):
        for number in range(10):
            with managers.begin(tmp_path / f"{number}.log") as run:
                run.interrupt(moments.uniform(5, 60), moments.choice([signal.SIGINT, signal.SIGKILL]))
        converge(managers)
    assert roles(managers) == {
        "manager-2": "manager",
        "manager-3": "manager",
        "worker-1": "manager",
        "worker-2": "worker",
    }
    assert cluster(managers, "manager-2") == before


def test_two_of_three_managers_retire_at_once_after_redis_was_moved(managers):
    begin_with(managers, MANAGERS, [])
    before, counted = cluster(managers, "manager-2"), visits(managers.page(managers.addresses["manager-2"]))
    (move,) = documented("Move Redis to another host")
    _command, playbook, *words = move.replace("worker-2", "manager-2").split()
    managers.play(*words, playbook=playbook).succeeded()
    converge(managers)
    assert visits(managers.page(managers.addresses["manager-2"])) > counted
    holders = [name for name, node in nodes(managers, "manager-2").items() if HOLDER in node["labels"]]
    assert holders == ["manager-2"]

    managers.set_hosts(["manager-2"], [], ["manager-3", "manager-1"])
    with majority_lives(managers, "manager-2"):
        converge(managers)
    assert roles(managers) == {"manager-2": "manager"}
    assert cluster(managers, "manager-2") == before
