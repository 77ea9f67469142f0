"""Down and up again; each test goes on where the one before it left the shared fleet, and nothing comes after."""

import pytest

from tests.support.fleet import replica, visits


def test_reset_asks_first(fleet):
    run = fleet.play(playbook="playbooks/reset.yml").refused()
    assert "expected is yes; -e reset_confirm=yes" in run.output
    fleet.assert_serving()


def reset(fleet, *words):
    run = fleet.play("-e", "reset_confirm=yes", *words, playbook="playbooks/reset.yml").succeeded()
    assert "Removed: the swarm, which manager-1" in run.output
    assert ("Removed" if "reset_data=true" in words else "Kept") + ": the stack's data, volume hello_" in run.output


@pytest.mark.long
def test_reset_and_site_serve_again_with_the_data_kept(fleet):
    before = visits(fleet.page(fleet.addresses["manager-1"]))
    reset(fleet)
    assert "inactive" in fleet.on("worker-1", "docker info --format '{{.Swarm.LocalNodeState}}'")
    fleet.play().succeeded()
    assert visits(fleet.page(fleet.addresses["worker-2"])) == before + 1


@pytest.mark.long
def test_one_host_is_a_site(fleet):
    reset(fleet)
    fleet.set_hosts(["manager-1"], [])
    fleet.play().succeeded()
    fleet.assert_serving()
    assert replica(fleet.page(fleet.addresses["manager-1"]))
    fleet.play().unchanged()


@pytest.mark.long
def test_three_managers_and_two_workers(fleet):
    # The one host's data; the older ones are on the host that was left out.
    reset(fleet, "-e", "reset_data=true")
    fleet.command("up", "5")
    fleet.set_hosts(["manager-1", "worker-1", "worker-2"], ["worker-3", "worker-4"])
    fleet.play().succeeded()
    nodes = fleet.on("manager-1", "docker node ls --format '{{.Status}} {{.ManagerStatus}}'").splitlines()
    assert len(nodes) == 5
    assert all(node.startswith("Ready") for node in nodes)
    assert sum(node.endswith(("Leader", "Reachable")) for node in nodes) == 3
    assert all(map(replica, fleet.pages()))
    fleet.play().unchanged()
