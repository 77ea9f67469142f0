"""Strangers reach no port of the swarm and its registry, members do, whatever happens to the rules between two runs."""

import json
import shlex
import sys
from pathlib import Path

import pytest
from knock import PACKETS
from members import nodes

from bench import stack

KNOCK = Path(__file__).with_name("knock.py").read_text()
SWARM, REGISTRY = ("2377", "7946"), ("5000", "5001")
PORTS = (*SWARM, *REGISTRY)
KEEP_OUT = "let members of the swarm alone reach its ports and its registry"
# A host takes in some packets of others meanwhile: of its swarm, and of who asks it for this number.
OTHERS = PACKETS * 4 // 5


class From:
    """Where packets come from, and what they find.

    :ivar run: runs a command there, given as words
    """

    def __init__(self, fleet, run):
        self.fleet, self.run = fleet, run

    def knock(self, host, address):
        """Knock at a host: what answers by port, and whether anything else was let in."""
        # Without these its kernel counts no ESP, which encrypted networks come by.
        self.fleet.on(host, "modprobe --all esp4 esp6")
        before = taken_in(self.fleet, host)
        answers = json.loads(self.run("python3", "-c", KNOCK, address, *PORTS))
        return answers, taken_in(self.fleet, host) - before > OTHERS


def outside(fleet):
    """A machine in the same network that is no host of the inventory."""
    return From(fleet, lambda *words: fleet.command("exec", "--", sys.executable, *words[1:]))


def member(fleet, host):
    return From(fleet, lambda *words: fleet.on(host, shlex.join(words)))


def container(fleet, host):
    """A container on a member, which reaches other hosts through docker_gwbridge, and there by its host's address."""
    pid = fleet.on(host, f"docker inspect --format '{{{{.State.Pid}}}}' {fleet.containers(host, 'web')[0]}").strip()
    return From(fleet, lambda *words: fleet.on(host, f"nsenter --target {pid} --net {shlex.join(words)}"))


def taken_in(fleet, host):
    """How many packets the kernel of a host has handed on to what listens there."""
    lines = [line.split() for line in fleet.on(host, "cat /proc/net/snmp /proc/net/snmp6").splitlines()]
    names, numbers = (line for line in lines if line[0] == "Ip:")
    six = (int(line[1]) for line in lines if line[0] == "Ip6InDelivers")
    return int(numbers[names.index("InDelivers")]) + sum(six)


def addresses(fleet, host):
    """A host's addresses as its neighbours use them: of IPv6, the one that every device has."""
    listed = json.loads(fleet.on(host, "ip -json -6 address show dev vec0 scope link"))
    six = [each["local"] for link in listed for each in link["addr_info"]]
    return [fleet.address_of(host), *(f"{address}%{{device}}" for address in six)]


def finds(knocked, fleet, host):
    """Tell whether who knocked is let in: managers alone listen for who joins, and one host serves the registry.

    That takes nothing at its other port while no image is pushed.
    """
    answers, taken = knocked
    closed = dict.fromkeys(PORTS, "open" if host == fleet.manager else "closed")
    return taken and answers == {**closed, "7946": "open", "5001": "closed"}


def kept_out(fleet, host):
    """What a stranger finds: those of the registry are guarded where it is, elsewhere they are a stack's to publish."""
    registry = "silent" if host == fleet.manager else "closed"
    return {**dict.fromkeys(SWARM, "silent"), **dict.fromkeys(REGISTRY, registry)}, False


def silent(fleet, host):
    """Expect that a host answers no stranger."""
    found = addresses(fleet, host)
    assert len(found) == 2
    for address in found:
        knocked = outside(fleet).knock(host, address.format(device="bridge"))
        assert knocked == kept_out(fleet, host), address


def test_strangers_reach_no_port_and_members_do(fleet):
    fleet.await_serving()
    for host in fleet.addresses:
        silent(fleet, host)
    for host, other in (("worker-1", fleet.manager), (fleet.manager, "worker-1")):
        assert finds(member(fleet, host).knock(other, fleet.addresses[other]), fleet, other)
    assert all(fleet.pages())
    fleet.play().unchanged()


@pytest.mark.long
def test_containers_reach_no_port_of_any_member(fleet):
    host = fleet.nodes_of("web")[0]
    for other, address in fleet.addresses.items():
        assert container(fleet, host).knock(other, address) == kept_out(fleet, other), other


@pytest.mark.long
def test_flushed_rules_are_drift_of_the_kernel_and_are_repaired_by_one_run(fleet):
    fleet.on("worker-1", "iptables -t raw -F; ip6tables -t raw -F FLOTILLA-FROM")
    assert finds(outside(fleet).knock("worker-1", fleet.addresses["worker-1"]), fleet, "worker-1")
    assert fleet.play().succeeded().changes == [f"firewall worker-1: {KEEP_OUT}"]
    silent(fleet, "worker-1")
    fleet.play().unchanged()


def test_what_is_trusted_beside_members_is_given_by_addresses(fleet):
    fleet.play("-e", '{"firewall_trusted": ["example.com", "0.0.0.0/0"]}').refused(
        "setting-invalid: firewall_trusted, all 3 hosts",
    )


def past_its_address(fleet, host):
    """Visit the page as a neighbour who has a route into a host: where the routing mesh has the port within it."""
    listed = "docker network inspect --format '{{(index .Containers \"ingress-sbox\").IPv4Address}}' docker_gwbridge"
    inner = fleet.on(host, listed).partition("/")[0]
    fleet.command("exec", "--", "ip", "route", "add", inner, "via", fleet.addresses[host])  # codespell:ignore via
    try:
        return fleet.page(inner)
    finally:
        fleet.command("exec", "--", "ip", "route", "delete", inner)


@pytest.mark.long
def test_named_visitors_and_members_alone_reach_the_page(fleet):
    def named(address):
        return ("-e", json.dumps({"firewall_visitors": [address]}))

    assert past_its_address(fleet, "worker-1")
    fleet.play(*named("192.0.2.7")).succeeded()
    assert not any(fleet.pages())
    assert not past_its_address(fleet, "worker-1")
    visit = "import sys, urllib.request as web; [web.urlopen(url, timeout=30) for url in sys.argv[1:]]"
    urls = [f"http://{address}:{stack.PORT}/" for address in fleet.addresses.values()]
    fleet.on("worker-1", shlex.join(["python3", "-c", visit, *urls]))
    fleet.play(*named("192.0.2.7")).unchanged()
    fleet.play(*named(f"{fleet.addresses[fleet.manager]}/24")).succeeded()
    assert all(fleet.pages())
    fleet.play().succeeded()
    fleet.play().unchanged()
    assert all(fleet.pages())


@pytest.mark.long
def test_rules_last_over_a_start_of_the_engine_and_of_the_host(fleet):
    fleet.on("worker-1", "iptables -t raw -A PREROUTING -s 192.0.2.77 -j DROP; systemctl restart docker")
    silent(fleet, "worker-1")
    fleet.command("kill", "worker-1")
    fleet.command("boot", "worker-1")
    silent(fleet, "worker-1")
    first, then = (
        int(fleet.on("worker-1", f"systemctl show --value --property=ActiveEnterTimestampMonotonic {unit}"))
        for unit in ("flotilla-firewall", "docker")
    )
    assert first < then
    fleet.await_serving()
    fleet.play().unchanged()


@pytest.mark.long
def test_who_joins_is_let_in_before_and_who_retires_is_kept_out_after(fleet):
    fleet.command("up", "4")
    try:
        stranger = member(fleet, "worker-3")
        assert stranger.knock(fleet.manager, fleet.addresses[fleet.manager]) == kept_out(fleet, fleet.manager)
        fleet.set_hosts(["manager-1"], ["worker-1", "worker-2", "worker-3"])
        fleet.play().succeeded()
        fleet.play().unchanged()
        assert finds(stranger.knock("worker-1", fleet.addresses["worker-1"]), fleet, "worker-1")
        silent(fleet, "worker-3")

        fleet.set_hosts(["manager-1"], ["worker-1", "worker-2"], ["worker-3"])
        run = fleet.play().succeeded()
        gone = fleet.address_of("worker-3")
        assert [change for change in run.changes if "who has left" in change] == [
            f"firewall manager-1, worker-1, worker-2: keep out who has left: {gone}"
        ]
        assert set(nodes(fleet, "manager-1")) == {"manager-1", "worker-1", "worker-2"}
        assert stranger.knock("worker-1", fleet.addresses["worker-1"]) == kept_out(fleet, "worker-1")
        assert fleet.on("worker-3", "iptables-save -t raw | grep FLOTILLA || :") == ""
        fleet.play().unchanged()
    finally:
        fleet.set_hosts(["manager-1"], ["worker-1", "worker-2"])
        fleet.command("kill", "worker-3")


@pytest.mark.long
def test_one_setting_takes_it_off_and_leaves_rules_of_others(fleet):
    foreign = "-A PREROUTING -s 192.0.2.77/32 -j DROP"
    fleet.on("worker-1", f"iptables -t raw {foreign}")
    off = ("-e", "firewall_enabled=false")
    run = fleet.play(*off).succeeded()
    assert run.changes == ["firewall all 3 hosts: take the firewall off (firewall_enabled is false)"]
    assert fleet.on("worker-1", "iptables-save -t raw | grep ^-A").splitlines() == [foreign]
    assert finds(outside(fleet).knock("worker-1", fleet.addresses["worker-1"]), fleet, "worker-1")
    fleet.play(*off).unchanged()
    fleet.play().succeeded()
    silent(fleet, "worker-1")
    assert foreign in fleet.on("worker-1", "iptables-save -t raw").splitlines()
    fleet.on("worker-1", f"iptables -t raw {foreign.replace('-A', '-D')}")
    assert all(fleet.pages())
