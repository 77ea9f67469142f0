"""Edits of an inventory's hosts, and what became of them in the swarm."""

import contextlib
import json
import re
import subprocess
import sys

from tests.support.fleet import quote, replica
from tests.support.runs import REPOSITORY
from tests.support.wait import wait_until

MANAGERS = ["manager-1", "manager-2", "manager-3"]
HOLD_APT = """
import fcntl, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
time.sleep(40)
"""


def keep_apt_busy(fleet, host):
    """Let another user of apt have it on a host for the next 40 s: what a run wants to install waits so long."""
    fleet.on(host, f"setsid -f python3 -c '{HOLD_APT}' </dev/null >/dev/null 2>&1")


def nodes(fleet, manager):
    """The swarm's nodes by host name, as a manager tells them; an entry too many is an error."""
    # One that has just booted has no leader yet.
    wait_until(lambda: fleet.on(manager, "docker node ls -q", check=False), 120)
    listed = fleet.on(manager, "docker node inspect $(docker node ls -q)")
    found = {}
    for node in json.loads(listed):
        name = node["Description"]["Hostname"]
        assert name not in found, f"two entries of {name}"
        found[name] = {
            "role": node["Spec"]["Role"],
            "availability": node["Spec"]["Availability"],
            "labels": node["Spec"]["Labels"],
            "state": node["Status"]["State"],
            "reachability": node.get("ManagerStatus", {}).get("Reachability"),
        }
    return found


def cluster(fleet, manager):
    """The ID of the swarm that a manager is in."""
    return fleet.on(manager, "docker info --format '{{.Swarm.Cluster.ID}}'").strip()


def converge(fleet, *words):
    """Run, expect success, then run again and expect no change and the page on every member."""
    run = fleet.play(*words).succeeded()
    assert all(map(replica, fleet.pages()))
    fleet.play().unchanged()
    return run


# Bounded, should nobody end it.
WATCH = "for i in $(seq 6000); do docker node ls || echo nothing; echo --; sleep 0.5; done"


@contextlib.contextmanager
def majority_lives(fleet, manager):
    """Ask a manager for the nodes every half second meanwhile: without a majority it could not tell."""
    command = [sys.executable, "-m", "fleet", "ssh", "--name", fleet.name, manager, f"sudo sh -c {quote(WATCH)}"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield
        finally:
            process.terminate()
            output, _ = process.communicate(timeout=60)
    *answers, _last = output.split("--\n")
    print(f"docker node ls: {len(answers)} answers")
    assert answers
    assert [answer for answer in answers if "Leader" not in answer] == []


def spread(fleet):
    """Let neither the registry nor Redis be on the first manager."""
    fleet.edit_hosts(registry={"hosts": {"manager-2": None}})
    (fleet.inventory / "group_vars/all/image.yml").write_text("image_builder: manager-2\n")
    # Redis goes to the first where there are managers only.
    fleet.set_hosts(MANAGERS[::-1], [])


def begin_with(fleet, managers, workers):
    """Begin with these members; others that an earlier test left retire."""
    there = {name for name, node in nodes(fleet, "manager-2").items() if node["state"] == "ready"}
    fleet.set_hosts(managers, workers, sorted(there - {*managers, *workers}))
    fleet.play().succeeded()


def roles(fleet):
    return {name: node["role"] for name, node in nodes(fleet, "manager-2").items()}


def documented(heading):
    """The blocks of commands in a section of docs/operations.md."""
    text = (REPOSITORY / "docs/operations.md").read_text()
    section = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[1]
    return re.findall(r"(?:^ {4}.*\n)+", section, re.MULTILINE)
