"""Hosts come, change their place and go: each by an edit of the inventory and one run; another run changes nothing."""

import json
import random
import signal
import subprocess
import threading
import time

import pytest
import yaml
from conftest import BIN, REPOSITORY, replica, visits


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
    return fleet.on(manager, "docker info --format '{{.Swarm.Cluster.ID}}'").strip()


def converge(fleet, *words):
    """Run, expect success, then run again and expect no change and the page on every member."""
    run = fleet.play(*words)
    assert run.code == 0
    again = fleet.play(*words)
    assert (again.code, set(again.changed.values())) == (0, {0})
    assert all(replica(fleet.page(address)) for address in fleet.addresses.values())
    return run


def test_added_worker_joins_changes_place_and_retires(fleet):
    before = visits(fleet.page(fleet.addresses["manager-1"]))
    fleet.command("up", "4")
    edit(fleet, ["manager-1"], ["worker-1", "worker-2", "worker-3"], worker_3={"swarm_node_labels": {"zone": "a"}})
    run = fleet.play()
    assert run.code == 0
    assert [run.changed[name] for name in ("worker-1", "worker-2")] == [0, 0]
    assert visits(fleet.page(fleet.addresses["worker-3"])) == before + 1
    assert nodes(fleet, "manager-1")["worker-3"]["labels"] == {"zone": "a", "flotilla.labels": "zone"}

    fleet.on("manager-1", "docker node update --label-add foreign=x --availability drain worker-3")
    edit(fleet, ["manager-1", "worker-3"], ["worker-1", "worker-2"])
    run = fleet.play()
    assert run.code == 0
    assert "2 managers stand the loss of 0, as 1 would" in " ".join(run.output.split())
    node = nodes(fleet, "manager-1")["worker-3"]
    assert (node["role"], node["availability"], node["labels"]) == ("manager", "active", {"foreign": "x"})

    edit(fleet, ["manager-1"], ["worker-1", "worker-2"], ["worker-3"])
    run = fleet.play()
    assert run.code == 0
    assert fleet.services() == {"web": "5/5", "redis": "1/1"}
    assert set(nodes(fleet, "manager-1")) == {"manager-1", "worker-1", "worker-2"}
    assert fleet.on("worker-3", "docker info --format '{{.Swarm.LocalNodeState}}'").strip() == "inactive"
    assert fleet.on("worker-3", "ls /etc/docker/certs.d; grep -c auth.: /root/.docker/config.json || :").strip() == "0"
    again = fleet.play()
    assert (again.code, set(again.changed.values())) == (0, {0})
    edit(fleet, ["manager-1"], ["worker-1", "worker-2"])
    fleet.command("kill", "worker-3")


def test_limited_run_is_one_clear_error(fleet):
    run = fleet.play("--limit", "worker-1")
    assert run.code != 0
    assert set(run.changed.values()) == {0}
    assert "--limit leaves out manager-1, worker-2" in run.output


def test_host_with_the_data_or_the_registry_is_not_retired(fleet):
    holder = next(name for name, node in nodes(fleet, "manager-1").items() if "flotilla.volume.redis" in node["labels"])
    rest = [name for name in ("worker-1", "worker-2") if name != holder]
    edit(fleet, ["manager-1"], rest, [holder])
    run = fleet.play()
    edit(fleet, rest, [holder], ["manager-1"])
    other = fleet.play()
    edit(fleet, ["manager-1"], ["worker-1", "worker-2"])
    assert (run.code != 0, set(run.changed.values())) == (True, {0})
    assert f"{holder} holds the data of redis (label flotilla.volume.redis), and it is in group removed" in run.output
    assert (other.code != 0, set(other.changed.values())) == (True, {0})
    assert "manager-1 is in removed, but serves the registry" in other.output


def test_absent_worker_stops_no_other_and_is_named(fleet):
    worker = next(
        name for name, node in nodes(fleet, "manager-1").items() if name != "manager-1" and not node["labels"]
    )
    fleet.command("freeze", worker)
    try:
        fleet.on("manager-1", "docker node update --label-add flotilla.labels=old --label-add old=x manager-1")
        run = fleet.play()
    finally:
        fleet.command("thaw", worker)
    assert run.code == 2
    assert nodes(fleet, "manager-1")["manager-1"]["labels"] == {}
    assert [name for name, numbers in run.recap.items() if numbers[2] or numbers[3]] == [worker]
    assert f"{worker} ({fleet.addresses[worker]}) could not be reached" in run.output
    again = fleet.play()
    assert again.code == 0


@pytest.fixture(scope="module")
def managers(make_fleet):
    """Three managers that serve, the registry on the second and Redis on the third."""
    fleet = make_fleet(3, managers=3)
    path = fleet.inventory / "hosts.yml"
    content = yaml.safe_load(path.read_text())
    content["registry"] = {"hosts": {"manager-2": None}}
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    (fleet.inventory / "group_vars/all/image.yml").write_text("image_builder: manager-2\n")
    # Redis goes to the first where there are managers only.
    edit(fleet, ["manager-3", "manager-2", "manager-1"], [])
    assert fleet.play().code == 0
    edit(fleet, ["manager-1", "manager-2", "manager-3"], [])
    return fleet


class Watch:
    """Ask a manager for the nodes every half second, and remember when it could not tell."""

    def __init__(self, fleet, manager):
        self._ask = lambda: fleet.command("ssh", manager, "sudo docker node ls", check=False)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.answers = []

    def _watch(self):
        while not self._over.wait(0.5):
            self.answers.append(self._ask())

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._over.set()
        self._thread.join()


@pytest.mark.long
def test_first_manager_is_cut_off_wiped_and_comes_back(managers):
    before = cluster(managers, "manager-2")
    managers.command("kill", "manager-1")
    run = managers.play()
    assert run.code == 2
    assert "manager-1 (10.77.0.11) could not be reached" in run.output
    assert [name for name, numbers in run.recap.items() if numbers[4]] == ["manager-1"]
    assert {run.changed[name] for name in ("manager-2", "manager-3")} == {0}
    managers.command("wipe", "manager-1")
    converge(managers)
    found = nodes(managers, "manager-2")
    assert {name: node["reachability"] for name, node in found.items()} == {
        f"manager-{number}": "reachable" for number in (1, 2, 3)
    }
    assert {cluster(managers, f"manager-{number}") for number in (1, 2, 3)} == {before}


@pytest.mark.long
def test_absent_registry_is_named_with_what_cannot_be_done(managers):
    managers.command("kill", "manager-2")
    run = managers.play("-e", '{"stack_environment": {"NAME": "Moby"}}')
    pages = [managers.page(managers.addresses[name]) for name in ("manager-1", "manager-3")]
    managers.command("boot", "manager-2")
    assert run.code == 2
    assert "It serves the registry: until it is back no image is made" in " ".join(run.output.split())
    assert all("Hello World" in page for page in pages)
    converge(managers)


@pytest.mark.long
def test_workers_come_and_managers_change_place(managers):
    managers.command("up", "5", "--managers", "3")
    edit(managers, ["manager-1", "manager-2", "manager-3"], ["worker-1", "worker-2"])
    converge(managers)
    edit(managers, ["manager-2", "manager-3", "worker-1"], ["manager-1", "worker-2"])
    with Watch(managers, "manager-2") as watch:
        converge(managers)
    assert watch.answers and all("Leader" in answer for answer in watch.answers)
    assert {name: node["role"] for name, node in nodes(managers, "manager-2").items()} == {
        "manager-1": "worker",
        "manager-2": "manager",
        "manager-3": "manager",
        "worker-1": "manager",
        "worker-2": "worker",
    }


@pytest.mark.long
def test_two_of_three_managers_retire_at_once(managers):
    holder = next(
        name for name, node in nodes(managers, "manager-2").items() if "flotilla.volume.redis" in node["labels"]
    )
    managers.on("manager-2", f"docker node update --label-rm flotilla.volume.redis {holder}")
    managers.on("manager-2", "docker node update --label-add flotilla.volume.redis=true manager-2")
    edit(managers, ["manager-2"], ["manager-1", "worker-2"], ["manager-3", "worker-1"])
    with Watch(managers, "manager-2") as watch:
        converge(managers)
    assert watch.answers and all("Leader" in answer for answer in watch.answers)
    assert set(nodes(managers, "manager-2")) == {"manager-1", "manager-2", "worker-2"}


@pytest.mark.long
def test_interrupted_runs_end_in_what_the_inventory_says(managers):
    """Add, promote and retire, interrupted ten times at random moments; then one run to the end."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    moments = random.Random(seed)
    edit(managers, ["manager-2", "manager-1", "manager-3"], ["worker-1"], ["worker-2"])
    command = [BIN / "ansible-playbook", "--inventory", managers.inventory, "site.yml"]
    for _ in range(10):
        run = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        time.sleep(moments.uniform(5, 90))
        run.send_signal(moments.choice([signal.SIGINT, signal.SIGKILL]))
        run.wait()
    converge(managers)
    assert {name: node["role"] for name, node in nodes(managers, "manager-2").items()} == {
        "manager-1": "manager",
        "manager-2": "manager",
        "manager-3": "manager",
        "worker-1": "worker",
    }
