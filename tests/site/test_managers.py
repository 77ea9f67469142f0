"""Three managers, the registry and Redis not on the first: any of them may be lost or wiped, and dead hosts go.

Each test begins with its own edit of the inventory, and goes on with the hosts that the one before it left.
"""

import time

import pytest
from members import MANAGERS, cluster, converge, documented, edit, failed, nodes, roles, settle, words

HOLD_APT = """
import fcntl, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
time.sleep(40)
"""
pytestmark = pytest.mark.long


def page_at_last(fleet, name):
    """The page through a node, once the swarm sends nobody to a replica that was lost."""
    for _ in range(12):
        if page := fleet.page(fleet.addresses[name]):
            return page
        time.sleep(5)
    raise AssertionError(f"no page through {name}")


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
    assert "swarm-without-quorum: all 3 hosts found 1 of 3 managers answers (manager-2)" in words(run)
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
