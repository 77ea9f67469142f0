"""Looking at a host's network, on this machine."""

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
