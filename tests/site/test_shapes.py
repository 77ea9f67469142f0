"""Other shapes of inventory: one host alone, and several managers."""

from conftest import replica


def test_one_host_is_a_site(make_fleet):
    fleet = make_fleet(1)
    assert fleet.play().code == 0
    assert replica(fleet.page(fleet.addresses["manager-1"]))
    assert set(fleet.play().changed.values()) == {0}


def test_three_managers_and_two_workers(make_fleet):
    fleet = make_fleet(5, managers=3)
    assert fleet.play().code == 0
    nodes = fleet.on("manager-1", "docker node ls --format '{{.Status}} {{.ManagerStatus}}'").splitlines()
    assert len(nodes) == 5
    assert all(node.startswith("Ready") for node in nodes)
    assert sum(node.endswith(("Leader", "Reachable")) for node in nodes) == 3
    assert all(replica(fleet.page(address)) for address in fleet.addresses.values())
    assert set(fleet.play().changed.values()) == {0}
