"""A firewall is no problem when members may come in; otherwise the missing rules are named as commands."""

import re

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.checks.firewall import members_are_let_in
from sites import make_plan

from tests.support.problems import told

ADDRESSES = {"m1": "10.0.0.1", "w1": "10.0.0.2", "w2": "10.0.0.3"}


def rule(allow=True, protocol="any", port="any", source="0.0.0.0/0"):
    return {"allow": allow, "protocol": protocol, "port": port, "source": source}


def check(hosts, encrypted=True, **settings):
    site = {**sites.site(), **settings}
    if encrypted:
        site["stacks"][0]["text"] += 'networks: {data: {driver_opts: {encrypted: ""}}}\n'
    return list(members_are_let_in(sites.facts(site, hosts, ADDRESSES)))


def problems(rules, kind="ufw", incoming="deny", encrypted=True):
    hosts = sites.hosts(ADDRESSES, lambda address, _number: sites.bare(address))
    hosts["w1"]["observation"]["firewall"] = {"kind": kind, "incoming": incoming, "rules": rules}
    return check(hosts, encrypted)


def test_commands_for_ufw_name_members_and_ports():
    (found,) = problems([rule(port="22", protocol="tcp")])
    assert found.fix.endswith(
        ": for a in 10.0.0.1 10.0.0.3; do ufw allow proto tcp from $a to any port 7946; "
        "ufw allow proto udp from $a to any port 7946,4789; ufw allow proto esp from $a; done"
    )


def test_encrypted_networks_need_their_protocol():
    ports = [rule(port="7946", protocol="tcp"), rule(port="4789,7946", protocol="udp")]
    (found,) = problems(ports)
    assert found.found == "ufw keeps other hosts from 50/esp"
    assert found.fix.endswith(": for a in 10.0.0.1 10.0.0.3; do ufw allow proto esp from $a; done")
    assert problems([*ports, rule(protocol="esp")]) == []
    assert problems(ports, encrypted=False) == []


def test_command_for_firewalld_names_members():
    (found,) = problems([rule(source="10.0.0.1")], kind="firewalld")
    assert found.fix.endswith("firewall-cmd --permanent --zone=trusted --add-source=10.0.0.3 && firewall-cmd --reload")


@pytest.mark.parametrize(
    "rules",
    [
        [rule()],
        [rule(source="10.0.0.0/24")],
        [
            rule(source="any", port="4000-8000", protocol="tcp"),
            rule(port="22,4789,7946", protocol="udp"),
            rule(protocol="esp"),
        ],
        [rule(source="10.0.0.1"), rule(source="10.0.0.3")],
    ],
)
def test_rules_that_let_members_in_suffice(rules):
    assert problems(rules) == []


@pytest.mark.parametrize(
    "rules", [[rule(allow=False, port="4789"), rule()], [rule(source="10.0.0.1")], [rule(source="2001:db8::/32")]]
)
def test_rules_that_keep_a_member_out_do_not(rules):
    assert len(problems(rules)) == 1


def test_open_policy_needs_no_rule():
    assert problems([], incoming="allow") == []


def test_registry_of_the_host_counts_and_published_ports_do_not():
    hosts = sites.hosts(ADDRESSES, lambda address, _number: sites.bare(address))
    hosts["m1"]["desired"]["registry_server"] = {"ports": ["5000/tcp"]}
    hosts["m1"]["observation"]["firewall"] = {"kind": "ufw", "incoming": "deny", "rules": []}
    (found,) = check(hosts)
    assert re.findall(r"\d+/\w+", found.found) == ["7946/tcp", "7946/udp", "4789/udp", "5000/tcp", "50/esp"]


@pytest.mark.parametrize(("builder", "expected"), [("m1", []), ("w1", ["5001/tcp"])])
def test_builder_alone_is_let_in_where_images_are_pushed(builder, expected):
    hosts = sites.hosts(ADDRESSES, lambda address, _number: sites.bare(address))
    hosts["m1"]["desired"]["registry_push"] = {"ports": ["5001/tcp"]}
    cluster = [rule(port="7946,4789"), rule(port="2377"), rule(protocol="esp")]
    hosts["m1"]["observation"]["firewall"] = {"kind": "ufw", "incoming": "deny", "rules": cluster}
    found = list(check(hosts, builders=[builder]))
    assert [port for each in found for port in re.findall(r"\d+/\w+", each.found)] == expected


def test_closed_firewall_forbids_the_run():
    hosts = sites.converged_site()
    hosts["w1"]["observation"]["firewall"] = {"kind": "ufw", "incoming": "deny", "rules": []}
    assert told(make_plan(sites.site(), hosts)["problems"]) == ["firewall-closed: w1"]
