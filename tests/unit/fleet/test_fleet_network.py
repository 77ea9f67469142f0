import pytest

from fleet import network
from fleet.errors import FleetError


@pytest.mark.parametrize(
    ("index", "host", "address"),
    [
        (0, "manager-1", "10.77.0.11"),
        (0, "manager-80", "10.77.0.90"),
        (3, "worker-1", "10.77.3.101"),
        (255, "worker-150", "10.77.255.250"),
    ],
)
def test_address_depends_on_fleet_and_host_only(index, host, address):
    assert network.address_of(index, host) == address


def test_no_two_hosts_of_the_largest_fleet_share_an_address():
    hosts = [f"manager-{n}" for n in range(1, network.MOST_MANAGERS + 1)]
    hosts += [f"worker-{n}" for n in range(1, network.MOST_WORKERS + 1)]
    addresses = {network.address_of(0, host) for host in hosts}
    assert len(addresses) == len(hosts)
    assert network.gateway_of(0) not in addresses


def test_hardware_address_is_locally_administered():
    assert network.hardware_address_of("10.77.0.255") == "02:00:0a:4d:00:ff"


def test_names_of_taps_fit_into_the_kernels_15_characters():
    assert len(f"worker-{network.MOST_WORKERS}") <= 15


def test_managers_come_first():
    assert network.host_names(4, 1) == ["manager-1", "worker-1", "worker-2", "worker-3"]
    assert network.host_names(3, 3) == ["manager-1", "manager-2", "manager-3"]


@pytest.mark.parametrize(("count", "managers"), [(0, 1), (2, 3), (3, 0), (200, 1), (100, 90)])
def test_numbers_that_make_no_fleet_are_refused(count, managers):
    with pytest.raises(FleetError, match="make no fleet"):
        network.host_names(count, managers)
