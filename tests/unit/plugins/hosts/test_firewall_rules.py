"""The rules that keep strangers out: who is let in, to what."""

import subprocess

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts import firewall

MEMBERS = ("10.0.0.2", "10.0.0.10", "fd00::1")


def rules(**given):
    return firewall.Rules(
        **{
            "members": MEMBERS,
            "trusted": ("192.0.2.0/24",),
            "is_member": True,
            "data_port": 4789,
            "registry": "10.0.0.2",
            "ports": (5000, 5001),
            "serves": False,
            **given,
        }
    )


def lines(chain, version=4, **given):
    found = [line.removeprefix(f"-A {chain} ") for line in rules(**given).lines(version)]
    return [line for line in found if not line.startswith("-A")]


def test_members_and_trusted_are_let_in_but_nothing_of_containers():
    assert lines("FLOTILLA-FROM") == [
        "-i lo -j RETURN",
        "-i docker0 -j DROP",
        "-i docker_gwbridge -j DROP",
        "-s 10.0.0.2/32 -j RETURN",
        "-s 10.0.0.10/32 -j RETURN",
        "-s 192.0.2.0/24 -j RETURN",
        "-j DROP",
    ]
    assert "-s fd00::1/128 -j RETURN" in lines("FLOTILLA-FROM", 6)


def test_packets_for_the_host_and_for_other_members_are_asked():
    assert lines("FLOTILLA-TO") == [
        "-m addrtype --dst-type LOCAL -g FLOTILLA-FROM",
        "-d 10.0.0.2/32 -g FLOTILLA-FROM",
        "-d 10.0.0.10/32 -g FLOTILLA-FROM",
    ]


def test_ports_are_those_of_the_swarm_and_of_the_registry_where_it_is():
    swarm = [
        "-p tcp -m tcp --dport 2377 -j FLOTILLA-TO",
        "-p tcp -m tcp --dport 7946 -j FLOTILLA-TO",
        "-p udp -m udp --dport 4789 -j FLOTILLA-TO",
        "-p udp -m udp --dport 7946 -j FLOTILLA-TO",
        "-p esp -j FLOTILLA-TO",
    ]
    registry = [f"-p tcp -m tcp --dport {port}" for port in (5000, 5001)]
    here = [f"{port} -m addrtype --dst-type LOCAL -j FLOTILLA-FROM" for port in registry]
    assert lines("FLOTILLA") == [*swarm, *(f"-d 10.0.0.2/32 {port} -j FLOTILLA-FROM" for port in registry)]
    assert lines("FLOTILLA", 6) == swarm
    assert lines("FLOTILLA", serves=True) == [*swarm, *here]
    assert lines("FLOTILLA", serves=True, is_member=False) == here
    assert lines("FLOTILLA", registry="") == swarm
    assert lines("FLOTILLA", registry="", data_port=7777) == [line.replace("4789", "7777") for line in swarm]


def test_named_visitors_and_members_alone_reach_what_stacks_publish():
    given = {"visitors": ("203.0.113.0/24",), "published": ("53/udp", "4000/tcp")}
    udp, tcp = lines("FLOTILLA", **given)[-2:]
    assert udp == "-p udp -m udp --dport 53 -m addrtype --dst-type LOCAL -j FLOTILLA-VISITORS"
    assert tcp == "-p tcp -m tcp --dport 4000 -m addrtype --dst-type LOCAL -j FLOTILLA-VISITORS"
    own = [f"-i {device} -j RETURN" for device in ("lo", "docker0", "docker_gwbridge")]
    members = ["-s 10.0.0.2/32 -j RETURN", "-s 10.0.0.10/32 -j RETURN"]
    assert lines("FLOTILLA-VISITORS", **given) == [*own, *members, "-s 203.0.113.0/24 -j RETURN", "-j DROP"]
    assert lines("FLOTILLA-VISITORS", 6, **given) == [*own, "-s fd00::1/128 -j RETURN", "-j DROP"]
    (past,) = rules(**given).forwarding()
    assert "! -i docker_gwbridge -o docker_gwbridge" in past


@pytest.mark.parametrize("given", [{"visitors": ()}, {"is_member": False}])
def test_published_ports_are_open_to_everybody_otherwise(given):
    given = {"visitors": ("203.0.113.0/24",), "published": ("4000/tcp",), **given}
    assert lines("FLOTILLA-VISITORS", **given) == []
    assert "4000" not in str([*rules(**given).lines(4)])
    assert [*rules(**given).forwarding()] == []


def test_what_is_no_address_of_a_host_lets_nobody_in():
    assert rules(members=(*MEMBERS, "", "node.example.com", "0.0.0.0", "127.0.0.1", "::")) != rules()
    more = rules(members=(*MEMBERS, "", "node.example.com", "0.0.0.0", "127.0.0.1", "::"))
    assert [[*more.lines(version)] for version in (4, 6)] == [[*rules().lines(version)] for version in (4, 6)]
    assert firewall.read("0.0.0.0/0") is None


def test_text_replaces_the_chains_and_no_others():
    text = firewall.text_of(rules(), 4).splitlines()
    chains = ("FLOTILLA", "FLOTILLA-FROM", "FLOTILLA-TO", "FLOTILLA-VISITORS")
    assert text[1:6] == ["*raw", *(f":{chain} - [0:0]" for chain in chains)]
    assert text[-4:] == ["COMMIT", "*mangle", ":FLOTILLA-FORWARD - [0:0]", "COMMIT"]
    assert all(line.startswith("-A FLOTILLA") for line in text[6:-4])


def test_script_is_told_what_to_do():
    done = subprocess.run(["sh", "roles/firewall/files/firewall"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "usage: firewall start|stop\n")
