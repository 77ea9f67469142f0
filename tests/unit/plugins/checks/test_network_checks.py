"""How hosts stand in their network: each thing that would break the swarm is one problem."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.checks import network as checks_network
from sites import make_plan

from tests.support.problems import told


def bare_site(**changes):
    """A manager and two workers on which nothing was done, with changes to what was observed of the last."""
    hosts = sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address))
    hosts["w2"]["observation"].update(changes)
    return hosts


def problems(hosts, **site):
    return told(make_plan({**sites.site(), **site}, hosts)["problems"])


def system(hosts, name, **changes):
    hosts[name]["observation"]["system"].update(changes)
    return hosts


def test_bare_and_converged_sites_have_no_problem():
    assert problems(bare_site()) == []
    assert problems(sites.converged_site()) == []


def test_port_held_by_another_process_is_named():
    assert problems(bare_site(ports={"7946/tcp": "consul", "4789/udp": "", "4000/tcp": "nginx"})) == [
        "port-in-use: 7946/tcp, w2",
        "port-in-use: 4000/tcp, w2",
    ]


@pytest.mark.parametrize(
    ("port", "role"),
    [
        ("2377/tcp", "swarm"),
        ("7946/tcp", "swarm"),
        ("7946/udp", "swarm"),
        ("4789/udp", "swarm"),
        ("5000/tcp", "registry_server"),
        ("4000/tcp", "stack"),
    ],
)
def test_each_port_is_named_with_the_role_that_needs_it(port, role):
    hosts = bare_site(ports={port: "consul"})
    hosts["w2"]["desired"][role] = {**hosts["w2"]["desired"][role], "ports": [port]}
    (found,) = make_plan(sites.site(), hosts)["problems"]
    assert told([found]) == [f"port-in-use: {port}, w2"]
    assert role in found.expected


@pytest.mark.parametrize(("ingress", "expected"), [(False, []), (True, ["port-in-use: 4000/tcp, w2"])])
def test_port_that_a_task_publishes_on_its_host_is_no_other_process(ingress, expected):
    hosts = sites.converged_site()
    hosts["w2"]["observation"]["ports"] = {"4000/tcp": "docker-proxy"}
    hosts["m1"]["observation"]["published"] = sites.published("4000/tcp", ingress=ingress)
    assert problems(hosts) == expected


def test_container_of_no_service_is_another_process():
    assert problems(bare_site(ports={"4000/tcp": "docker-proxy"})) == ["port-in-use: 4000/tcp, w2"]


def test_address_that_is_not_on_the_host_is_named():
    hosts = system(bare_site(), "w1", addresses=["10.9.9.9"], default_address="10.0.0.9")
    assert problems(hosts) == ["address-missing: w1"]


def test_choice_among_several_addresses_is_the_users():
    hosts = system(bare_site(), "w1", addresses=["10.0.0.2", "172.16.0.2"])
    assert problems(hosts) == []
    hosts["w1"]["desired"]["swarm"]["ansible_host"] = "w1.example"
    assert problems(hosts) == ["address-ambiguous: w1"]
    hosts["w1"]["desired"]["swarm"]["advertise_addr"] = "172.16.0.2"
    assert problems(hosts) == []


def test_changed_address_of_a_member_is_refused():
    hosts = system(sites.converged_site(), "w1", addresses=["10.0.0.2", "10.5.5.5"])
    assert problems(hosts) == []
    hosts["w1"]["desired"]["swarm"]["ansible_host"] = "10.5.5.5"
    assert problems(hosts) == []
    hosts["w1"]["desired"]["swarm"]["advertise_addr"] = "10.5.5.5"
    assert problems(hosts) == ["address-changed: w1"]


@pytest.mark.parametrize(
    ("answer", "named"), [("open", False), ("closed", False), ("timed out", True), ("No route to host", True)]
)
def test_peer_out_of_reach_is_named_before_joining(answer, named):
    found = problems(bare_site(reach={"10.0.0.1:2377": answer, "10.0.0.1:7946": answer, "reg:5000": answer}))
    assert found == named * [
        "peer-unreachable: m1 at 10.0.0.1, port 2377/tcp and 7946/tcp, w2",
        "peer-unreachable: m1 at reg, port 5000/tcp, w2",
    ]


def test_closed_port_of_a_running_manager_is_a_firewalls_answer():
    hosts = sites.converged_site()
    hosts["w3"] = {"desired": sites.desired("10.0.0.4"), "observation": sites.bare("10.0.0.4")}
    hosts["w3"]["observation"]["reach"] = {"10.0.0.1:2377": "closed", "10.0.0.1:7946": "open"}
    assert problems(hosts, workers=["w1", "w2", "w3"]) == ["peer-unreachable: m1 at 10.0.0.1, port 2377/tcp, w3"]


@pytest.mark.parametrize(
    ("taken", "gateway"),
    [("10.0.1.0/24", ""), ("10.0.0.0/8", "192.0.2.1")],
    ids=["attached", "through a gateway"],
)
def test_network_that_the_swarm_would_take_is_named(taken, gateway):
    named = ["pool-in-use: swarm_default_addr_pool, w2"]
    assert problems(bare_site(networks={taken: gateway})) == named
    assert problems(bare_site(networks={"10.0.2.0/24": gateway})) == []
    assert problems(bare_site(networks={"10.20.5.0/24": gateway}), pools=["10.20.0.0/16"]) == named


@pytest.mark.parametrize("gateway", ["", "192.0.2.1"])
def test_swarm_that_runs_keeps_its_pools(gateway):
    hosts = sites.converged_site()
    for host in hosts.values():
        host["observation"]["networks"] = {"10.0.0.0/8": gateway}
    assert problems(hosts) == []
    hosts["w3"] = {"desired": sites.desired("10.0.0.4"), "observation": sites.bare("10.0.0.4")}
    hosts["w3"]["observation"]["networks"] = {"10.0.0.0/8": gateway}
    found = problems(hosts, workers=["w1", "w2", "w3"])
    assert found == ([] if gateway else ["pool-in-use: swarm_default_addr_pool, w3"])


@pytest.mark.parametrize(
    ("site", "problem"),
    [
        ({"pools": ["10.20.0.0/24"]}, "pool-too-small: swarm_default_addr_pool"),
        ({"pools": ["10.20.0.0/33"]}, "setting-invalid: swarm_default_addr_pool"),
        ({"subnet_size": 29}, "pool-too-small: swarm_subnet_size"),
    ],
)
def test_pool_that_is_too_small_is_named(site, problem):
    assert problems(bare_site(), **site) == [problem]


def test_size_that_is_recommended_is_enough():
    (found,) = checks_network.check_pools({}, [], 24, 2, 400)
    assert "swarm_subnet_size: 23" in found.fix
    assert list(checks_network.check_pools({}, [], 23, 2, 400)) == []
    assert list(checks_network.check_pools({}, [], 24, 2, 253)) == []
    assert len(list(checks_network.check_pools({}, [], 24, 2, 254))) == 1


@pytest.mark.parametrize(("shift", "way"), [(-60, "behind"), (60, "ahead")])
def test_clock_apart_from_the_others_is_named_with_the_figure(shift, way):
    (found,) = make_plan(sites.site(), system(bare_site(), "w1", time=1000.5 + shift))["problems"]
    assert told([found]) == ["host-clock: w1"]
    assert f"59 s {way}" in found.found


def test_clocks_are_compared_no_finer_than_the_observation_took():
    assert problems(system(bare_site(), "w1", time=1060.5, asked=[1000.0, 1061.0])) == []


def test_only_this_machines_clock_is_off():
    hosts = bare_site()
    for name in hosts:
        system(hosts, name, time=2000.0)
    assert problems(hosts) == []


def test_three_problems_are_one_report():
    hosts = system(bare_site(ports={"4000/tcp": "nginx"}), "w1", memory_mib=480, time=2000.0)
    assert len(problems(hosts)) == 3
