"""Hosts come, change their place and go: each by an edit of the inventory and one run; another run changes nothing."""

import pytest
from conftest import visits
from members import edit, nodes


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
    assert "run-limited: --limit, manager-1, worker-2" in run.output


def test_host_with_the_data_or_the_registry_is_not_retired(fleet):
    holder = next(name for name, node in nodes(fleet, "manager-1").items() if "flotilla.volume.redis" in node["labels"])
    rest = [name for name in ("worker-1", "worker-2") if name != holder]
    edit(fleet, ["manager-1"], rest, [holder])
    run = fleet.play()
    edit(fleet, rest, [holder], ["manager-1"])
    other = fleet.play()
    edit(fleet, ["manager-1"], ["worker-1", "worker-2"])
    assert (run.code != 0, set(run.changed.values())) == (True, {0})
    assert f"node-has-data: {holder}" in run.output
    assert "it has the data of redis (label flotilla.volume.redis), and it is in group removed" in run.output
    assert (other.code != 0, set(other.changed.values())) == (True, {0})
    assert "group-conflict: manager-1" in other.output
    assert "it is in removed, but serves the registry" in other.output


@pytest.mark.long
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
