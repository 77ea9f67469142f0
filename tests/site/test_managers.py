"""Three managers, the registry and Redis not on the first: any of them may be lost, wiped, moved or retired.

Each test begins with its own edit of the inventory, and goes on with the hosts that the one before it left.
"""

import os
import random
import re
import signal
import subprocess
import sys
import time

import pytest
import yaml
from conftest import REPOSITORY, Fleet, visits
from members import cluster, converge, edit, majority_lives, nodes
from visits import visiting

MANAGERS = ["manager-1", "manager-2", "manager-3"]
HOLDER = "flotilla.volume.redis"
HOLD_APT = """
import fcntl, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
time.sleep(40)
"""
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def managers(make_fleet):
    """Three managers that serve, the registry on the second and Redis on the third.

    FLOTILLA_FLEET names a fleet that is so already to take instead.
    """
    if "FLOTILLA_FLEET" in os.environ:
        fleet = Fleet(os.environ["FLOTILLA_FLEET"])
        if set(MANAGERS) <= fleet.addresses.keys():
            return fleet
    fleet = make_fleet(3, managers=3)
    path = fleet.inventory / "hosts.yml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "registry": {"hosts": {"manager-2": None}}}))
    (fleet.inventory / "group_vars/all/image.yml").write_text("image_builder: manager-2\n")
    # Redis goes to the first where there are managers only.
    edit(fleet, MANAGERS[::-1], [])
    assert fleet.play().code == 0
    return fleet


def settle(fleet, managers, workers):
    """Begin with these members."""
    edit(fleet, managers, workers)
    assert fleet.play().code == 0


def failed(run):
    """The hosts that a run names as not reached, or failed on."""
    return [name for name, numbers in run.recap.items() if numbers[2] or numbers[3]]


def words(run):
    """What a run said, without its line ends."""
    return " ".join(run.output.split())


def roles(fleet):
    return {name: node["role"] for name, node in nodes(fleet, "manager-2").items()}


def page_at_last(fleet, name):
    """The page through a node, once the swarm sends nobody to a replica that was lost."""
    for _ in range(12):
        if page := fleet.page(fleet.addresses[name]):
            return page
        time.sleep(5)
    raise AssertionError(f"no page through {name}")


def documented(heading):
    """The blocks of commands in a section of docs/operations.md."""
    text = (REPOSITORY / "docs/operations.md").read_text()
    section = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[1]
    return re.findall(r"(?:^ {4}.*\n)+", section, re.MULTILINE)


def test_first_manager_is_lost_wiped_and_comes_back(managers):
    settle(managers, MANAGERS, [])
    before = cluster(managers, "manager-2")
    managers.command("kill", "manager-1")
    run = managers.play()
    assert run.code == 2
    assert f"manager-1 ({managers.addresses['manager-1']}) could not be reached" in words(run)
    assert failed(run) == ["manager-1"]
    assert {run.changed[name] for name in ("manager-2", "manager-3")} == {0}

    keys = managers.inventory.parent / "ssh/known_hosts"
    old = keys.read_text()
    managers.command("wipe", "manager-1")
    new = keys.read_text()
    keys.write_text(old)
    run = managers.play()
    keys.write_text(new)
    assert (run.code, failed(run)) == (2, ["manager-1"])
    assert f"forget the old key (ssh-keygen -R {managers.addresses['manager-1']})" in words(run)

    converge(managers)
    found = nodes(managers, "manager-2")
    assert {name: node["reachability"] for name, node in found.items()} == dict.fromkeys(MANAGERS, "reachable")
    assert {cluster(managers, name) for name in MANAGERS} == {before}


def test_lost_majority_is_refused_with_the_arithmetic(managers):
    settle(managers, MANAGERS, [])
    for name in ("manager-1", "manager-3"):
        managers.command("kill", name)
    try:
        run = managers.play()
    finally:
        for name in ("manager-1", "manager-3"):
            managers.command("boot", name)
    assert run.code == 2
    assert sum(run.changed.values()) == 0
    assert "of 3 managers of the inventory 1 answers (manager-2), a majority is 2" in words(run)
    converge(managers)


def test_lost_registry_is_named_with_what_cannot_be_done(managers):
    settle(managers, MANAGERS, [])
    managers.command("kill", "manager-2")
    try:
        run = managers.play("-e", '{"stack_environment": {"NAME": "Moby"}}')
        pages = [page_at_last(managers, name) for name in ("manager-1", "manager-3")]
    finally:
        managers.command("boot", "manager-2")
    assert (run.code, failed(run)) == (2, ["manager-2"])
    assert "It serves the registry: until it is back no image is made, no host logs in, no host retires" in words(run)
    assert "What runs goes on, and moves to nodes that have its image" in words(run)
    assert all("Hello World" in page for page in pages)
    converge(managers)


def test_each_operation_is_one_edit_and_one_run(managers):
    settle(managers, MANAGERS, [])
    managers.command("up", "5", "--managers", "3")
    edit(managers, MANAGERS, ["worker-1", "worker-2"])
    run = converge(managers)
    assert {run.changed[name] for name in MANAGERS} == {0}
    before = cluster(managers, "manager-2")

    _edit, rebalance = documented("Add a host")
    with visiting(managers) as visitors:
        assert managers.play(playbook=rebalance.split()[-1]).code == 0
    assert visitors.failed == []
    running = "docker service ps --filter desired-state=running --format '{{.Node}}' hello_web"
    assert {"worker-1", "worker-2"} <= set(managers.on("manager-2", running).split())

    edit(managers, ["manager-2", "manager-3", "worker-1"], ["manager-1", "worker-2"])
    with majority_lives(managers, "manager-2"):
        converge(managers)
    wanted = {**dict.fromkeys(MANAGERS, "manager"), "manager-1": "worker", "worker-1": "manager", "worker-2": "worker"}
    assert roles(managers) == wanted

    now = {"managers": ["manager-2", "manager-3", "worker-1"], "workers": ["manager-1", "worker-2"]}
    managers.on("manager-2", "docker node update --label-add foreign=x worker-2")
    for given in ({"disk": "ssd", "zone": "a"}, {"disk": "ssd", "zone": "b"}, {}):
        edit(managers, **now, worker_2={"swarm_node_labels": given})
        run = converge(managers)
        assert [name for name, changed in run.changed.items() if changed] == ["worker-2"]
        found = nodes(managers, "manager-2")["worker-2"]["labels"]
        assert {name: value for name, value in found.items() if name != "flotilla.labels"} == {"foreign": "x", **given}

    (line,) = documented("Label a host, or take tasks from it")
    (given,) = yaml.safe_load(line).values()
    del given["ansible_host"]
    edit(managers, **now, worker_2=given)
    converge(managers)
    assert nodes(managers, "manager-2")["worker-2"]["labels"]["disk"] == "ssd"
    assert "worker-2" not in managers.on("manager-2", running)
    edit(managers, **now)
    converge(managers)
    assert nodes(managers, "manager-2")["worker-2"]["availability"] == "active"

    edit(managers, now["managers"], ["manager-1"], ["worker-2"])
    converge(managers)
    edit(managers, ["manager-2", "manager-3"], ["manager-1"], ["worker-2", "worker-1"])
    with majority_lives(managers, "manager-2"):
        run = converge(managers)
    assert "2 managers stand the loss of 0, as 1 would" in words(run)
    assert roles(managers) == {"manager-1": "worker", "manager-2": "manager", "manager-3": "manager"}
    assert cluster(managers, "manager-2") == before


def keep_busy(fleet, host):
    """Let the next run have something to install on a host, and wait for 40 s until it can."""
    fleet.on(host, "apt-get remove --yes python3-jsondiff")
    fleet.on(host, f"setsid -f python3 -c '{HOLD_APT}' </dev/null >/dev/null 2>&1")


def test_manager_that_dies_meanwhile_lets_no_other_lose_its_voice(managers, tmp_path):
    managers.command("up", "5", "--managers", "3")
    settle(managers, MANAGERS, ["worker-1"])
    keep_busy(managers, "worker-1")
    edit(managers, ["manager-1", "manager-2"], ["worker-1", "manager-3"])
    with managers.begin(tmp_path / "run.log") as run:
        run.wait_for("PLAY [Install and configure Docker]")
        managers.command("kill", "manager-2")
        assert run.wait(300) == 2
    managers.command("boot", "manager-2")
    said = " ".join(run.output().split())
    assert "without it 1 of 2 managers would be alive, a majority is 2; bring manager-2 back and run again" in said
    assert roles(managers) == {**dict.fromkeys(MANAGERS, "manager"), "worker-1": "worker"}
    converge(managers)
    assert roles(managers)["manager-3"] == "worker"


def test_nobody_retires_where_the_stack_was_not_dealt_with(managers, tmp_path):
    settle(managers, MANAGERS, ["worker-1"])
    keep_busy(managers, "manager-1")
    managers.on("manager-2", "docker service scale --detach hello_web=4")
    edit(managers, MANAGERS, [], ["worker-1"])
    with managers.begin(tmp_path / "run.log") as run:
        run.wait_for("PLAY [Install and configure Docker]")
        time.sleep(5)
        # The run loses the manager that was to deploy; the manager itself lives on.
        managers.command("ssh", "manager-1", "sudo pkill -u admin sshd", check=False)
        assert run.wait(300) != 0
    assert "manager-1 was lost before it had deployed the stack" in " ".join(run.output().split())
    assert nodes(managers, "manager-2")["worker-1"]["availability"] == "active"
    converge(managers)
    assert managers.services()["web"] == "5/5"


def test_dead_host_goes_when_it_is_named(managers):
    managers.command("up", "5", "--managers", "3")
    settle(managers, MANAGERS, ["worker-2"])
    managers.command("kill", "worker-2")
    edit(managers, MANAGERS, [])
    for _ in range(30):
        if nodes(managers, "manager-2")["worker-2"]["state"] == "down":
            break
        time.sleep(2)
    run = managers.play()
    assert (run.code, set(run.changed.values())) == (0, {0})
    assert "is down and not in the inventory" in words(run)
    assert "remove its entry: -e swarm_remove_dead=worker-2" in words(run)
    (command,) = documented("A host that does not answer")
    *_ansible, option, value = command.split()
    converge(managers, option, value.replace("worker-3", "worker-2"))
    assert set(nodes(managers, "manager-2")) == set(MANAGERS)


def test_interrupted_runs_end_in_what_the_inventory_says(managers, tmp_path):
    """Add, promote and retire, interrupted ten times at random moments; then one run to the end."""
    seed = os.environ.get("FLOTILLA_SEED") or str(random.randrange(10**6))
    print(f"FLOTILLA_SEED={seed}")
    moments = random.Random(seed)
    managers.command("up", "5", "--managers", "3")
    settle(managers, MANAGERS, ["worker-1"])
    managers.command("wipe", "worker-2")
    before = cluster(managers, "manager-2")
    edit(managers, ["manager-2", "manager-3", "worker-1"], ["worker-2"], ["manager-1"])
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
    settle(managers, MANAGERS, [])
    before, counted = cluster(managers, "manager-2"), visits(managers.page(managers.addresses["manager-2"]))
    stop, volume, copy, label, clear = documented("Move Redis to another host")
    managers.on("manager-2", stop)
    managers.on("manager-2", volume)
    ssh = f"{sys.executable} -m fleet ssh --name {managers.name}"
    copy = copy.replace("ssh OLD", f"{ssh} manager-3").replace("ssh NEW", f"{ssh} manager-2")
    subprocess.run(copy, shell=True, check=True, cwd=REPOSITORY)
    managers.on("manager-2", label.replace("OLD", "manager-3").replace("NEW", "manager-2"))
    converge(managers)
    managers.on("manager-3", clear)
    assert visits(managers.page(managers.addresses["manager-2"])) > counted
    holders = [name for name, node in nodes(managers, "manager-2").items() if HOLDER in node["labels"]]
    assert holders == ["manager-2"]

    edit(managers, ["manager-2"], [], ["manager-3", "manager-1"])
    with majority_lives(managers, "manager-2"):
        converge(managers)
    assert roles(managers) == {"manager-2": "manager"}
    assert cluster(managers, "manager-2") == before


def test_registry_moves_to_another_host_and_back(managers):
    settle(managers, MANAGERS, [])
    path = managers.inventory / "hosts.yml"
    for name in ("manager-3", "manager-2"):
        path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "registry": {"hosts": {name: None}}}))
        converge(managers)
        spec = "{{.Spec.TaskTemplate.ContainerSpec.Image}}"
        image = managers.on("manager-2", f"docker service inspect --format '{spec}' hello_web")
        assert image.startswith(f"{managers.addresses[name]}:5000/")
