"""Observing a host's network, on this machine."""

import socket
from pathlib import Path

from ansible_collections.flotilla.swarm.plugins.module_utils import network


def test_holder_of_a_port_is_named():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(type=socket.SOCK_DGRAM) as talker:
        talker.bind(("127.0.0.1", 0))
        ports = [f"{server.getsockname()[1]}/tcp", f"{talker.getsockname()[1]}/udp"]
        own = Path("/proc/self/comm").read_text().strip()
        assert network.listeners(ports) == dict.fromkeys(ports, own)
    assert network.listeners(ports) == {}


def test_networks_are_those_attached_and_those_behind_gateways(monkeypatch):
    # As the kernel tells them: the default route, its halves, one by a gateway, one attached, the same by a gateway,
    # two of engines, a black hole.
    table = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
tun0\t00000000\t0208000A\t0003\t0\t0\t0\t00000080\t0\t0\t0
tun0\t00000080\t0208000A\t0003\t0\t0\t0\t00000080\t0\t0\t0
eth0\t0000000A\t0101A8C0\t0003\t0\t0\t0\t000000FF\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
tun0\t0001A8C0\t0208000A\t0003\t0\t0\t200\t00FFFFFF\t0\t0\t0
docker_gwbridge\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
br-0123456789ab\t0064630A\t010012AC\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0
*\t0000090A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
"""
    monkeypatch.setattr(network, "read_text", {"/proc/net/route": table}.get)
    assert network.networks() == {"10.0.0.0/8": "192.168.1.1", "192.168.1.0/24": ""}


def test_open_and_closed_peers_are_told_apart():
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = f"127.0.0.1:{server.getsockname()[1]}"
        assert network.reach([target]) == {target: "open"}
    assert network.reach([target]) == {target: "closed"}


def test_peer_without_a_name_is_said_to_be_so():
    ((_target, answer),) = network.reach(["no.such.host.invalid:1"]).items()
    assert answer not in ("open", "closed", "")


def test_target_without_a_port_is_an_answer_and_no_crash():
    assert "reg" in network.reach(["reg"])["reg"]


def test_firewalld_lets_in_by_ports_protocols_and_sources():
    zone = """\
public (default, active)
  target: default
  services: ssh
  ports: 2377/tcp
  protocols: esp
"""
    answers = {"--list-all": zone, "--list-sources": "10.0.0.2"}
    found = network._firewalld(lambda command: (0, answers[command[-1]], ""))
    allowed = [(rule.protocol, rule.port, rule.source) for rule in found.rules]
    assert {("tcp", "2377", network.ANYWHERE), ("esp", "any", network.ANYWHERE), ("any", "any", "10.0.0.2")} <= {
        *allowed
    }
