"""Hosts come, change their place and go: each by an edit of the inventory and one run; another run changes nothing."""

import pytest
from members import nodes

from tests.support.fleet import visits


def test_added_worker_joins_changes_place_and_retires(fleet):
    before = visits(fleet.page(fleet.addresses["manager-1"]))
    fleet.command("up", "4")
    fleet.set_hosts(["manager-1"], ["worker-1", "worker-2", "worker-3"], worker_3={"swarm_node_labels": {"zone": "a"}})
    run = fleet.play().succeeded()
    # The others let it in: their rules are written, and given to the kernel.
    assert [run.changed[name] for name in ("worker-1", "worker-2")] == [2, 2]
    assert visits(fleet.page(fleet.addresses["worker-3"])) == before + 1
    assert nodes(fleet, "manager-1")["worker-3"]["labels"] == {"zone": "a", "flotilla.labels": "zone"}

    fleet.on("manager-1", "docker node update --label-add foreign=x --availability drain worker-3")
    fleet.set_hosts(["manager-1", "worker-3"], ["worker-1", "worker-2"])
    run = fleet.play().succeeded()
    assert "2 managers stand the loss of 0, as 1 would" in run.words
    node = nodes(fleet, "manager-1")["worker-3"]
    assert (node["role"], node["availability"], node["labels"]) == ("manager", "active", {"foreign": "x"})

    fleet.set_hosts(["manager-1"], ["worker-1", "worker-2"], ["worker-3"])
    run = fleet.play().succeeded()
    fleet.assert_serving()
    assert set(nodes(fleet, "manager-1")) == {"manager-1", "worker-1", "worker-2"}
    assert fleet.on("worker-3", "docker info --format '{{.Swarm.LocalNodeState}}'").strip() == "inactive"
    assert fleet.on("worker-3", "ls /etc/docker/certs.d; grep -c auth.: /root/.docker/config.json || :").strip() == "0"
    fleet.play().unchanged()
    fleet.set_hosts(["manager-1"], ["worker-1", "worker-2"])
    fleet.command("kill", "worker-3")


def test_limited_run_is_one_clear_error(fleet):
    fleet.play("--limit", "worker-1").refused("run-limited: --limit, manager-1, worker-2")


def test_host_with_the_data_or_the_registry_is_not_retired(fleet):
    known = nodes(fleet, "manager-1")
    holder = next(name for name, node in known.items() if "flotilla.volume.hello_redis-data" in node["labels"])
    rest = [name for name in ("worker-1", "worker-2") if name != holder]
    fleet.set_hosts(["manager-1"], rest, [holder])
    run = fleet.play()
    fleet.set_hosts(rest, [holder], ["manager-1"])
    other = fleet.play()
    fleet.set_hosts(["manager-1"], ["worker-1", "worker-2"])
    run.refused(f"node-has-data: {holder}")
    assert "flotilla.volume.hello_redis-data" in run.problems[f"node-has-data: {holder}"]
    other.refused("group-conflict: manager-1")
    assert "registry" in other.problems["group-conflict: manager-1"]


@pytest.mark.long
def test_unreachable_worker_stops_no_other_and_is_named(fleet):
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
    assert run.failed == [worker]
    assert f"{worker} ({fleet.addresses[worker]}) could not be reached" in run.output
    fleet.play().succeeded()
