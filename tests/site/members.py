"""Edits of an inventory's hosts, and what became of them in the swarm."""

import contextlib
import json
import re
import subprocess
import sys

import yaml
from conftest import REPOSITORY, quote, replica

MANAGERS = ["manager-1", "manager-2", "manager-3"]


def edit(fleet, managers, workers, removed=(), **variables):
    """Edit the inventory's hosts as a user would.

    :param variables: by inventory name with ``_`` for ``-``: variables of that host
    """
    path = fleet.inventory / "hosts.yml"
    content = yaml.safe_load(path.read_text())

    def hosts(names):
        own = {name: variables.get(name.replace("-", "_"), {}) for name in names}
        return {"hosts": {name: {"ansible_host": fleet.address_of(name), **own[name]} for name in names}}

    content["swarm"]["children"] = {"managers": hosts(managers), "workers": hosts(workers)}
    content["removed"] = hosts(removed)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def nodes(fleet, manager):
    """The swarm's nodes by host name, as a manager tells them; an entry too many is an error."""
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
    run = fleet.play(*words)
    assert run.code == 0
    assert all(replica(fleet.page(address)) for address in fleet.addresses.values())
    again = fleet.play()
    assert (again.code, set(again.changed.values())) == (0, {0})
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
    path = fleet.inventory / "hosts.yml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "registry": {"hosts": {"manager-2": None}}}))
    (fleet.inventory / "group_vars/all/image.yml").write_text("image_builder: manager-2\n")
    # Redis goes to the first where there are managers only.
    edit(fleet, MANAGERS[::-1], [])


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


def documented(heading):
    """The blocks of commands in a section of docs/operations.md."""
    text = (REPOSITORY / "docs/operations.md").read_text()
    section = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[1]
    return re.findall(r"(?:^ {4}.*\n)+", section, re.MULTILINE)
