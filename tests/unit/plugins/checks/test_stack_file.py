"""What of a stack file cannot run on these hosts is said before anything is changed."""

import pytest
import sites
import yaml
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.stack import Network
from ansible_collections.flotilla.swarm.plugins.plugin_utils.checks.stack_file import (
    ALL_RULES,
    RULES,
    AllFacts,
    StackFacts,
    network_needs,
    ports_are_published_once,
)
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.problem import find
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.file import make, parse
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.placement import Candidate
from sites import make_plan

from tests.support.problems import told


def node(name, role="worker", **labels):
    return Candidate(name=name, id="", hostname=name, role=role, labels=labels, cpus=2, memory_mib=2000)


NODES = [node("m1", "manager"), node("w1", disk="ssd"), node("w2")]


def network(**changes):
    plain = {"driver": "overlay", "options": {}, "internal": False, "attachable": False, "subnets": ("10.0.1.0/24",)}
    return Network(**{**plain, **changes})


NETWORKS = {"hello_data": network(internal=True, options={"encrypted": ""}), "hello_plain": network()}


def problems(service="", **more):
    content = {"services": {"web": yaml.safe_load(service) or {}}, **more}
    file = make(content)
    found = told(find(StackFacts(file, NODES, {"hello_password"}, "hello", NETWORKS), RULES))
    return found or told(find(AllFacts({"hello": file}, NODES), ALL_RULES))


@pytest.mark.parametrize(
    "service",
    [
        "{}",
        "deploy: {placement: {constraints: [node.role == manager, node.labels.disk != ssd]}}",
        "deploy: {placement: {constraints: [node.labels.disk==SSD, engine.labels.x == y, node.id != abc]}}",
        "deploy: {replicas: 5, resources: {limits: {cpus: '0.1', memory: 50M}, reservations: {memory: 1000M}}}",
        "deploy: {resources: {limits: {memory: 1900G}}}",
        "deploy: {mode: global, resources: {reservations: {cpus: '2', memory: 1.5gb}}}",
    ],
)
def test_what_can_run_is_no_problem(service):
    assert problems(service) == []


@pytest.mark.parametrize(
    ("service", "problem"),
    [
        (
            "deploy: {placement: {constraints: [node.role = manager]}}",
            "service-invalid: .files: services.web.deploy.placement.constraints",
        ),
        (
            "deploy: {placement: {constraints: [node.role == manager, node.labels.disk == ssd]}}",
            "service-unplaceable: .files: services.web",
        ),
        (
            "deploy: {placement: {constraints: [node.hostname == w9]}}",
            "service-unplaceable: .files: services.web",
        ),
        (
            "deploy: {resources: {limits: {cpus: '4'}}}",
            "service-too-large: .files: services.web.deploy.resources.limits.cpus",
        ),
        (
            "deploy: {resources: {reservations: {memory: 1900G}}}",
            "service-too-large: .files: services.web.deploy.resources.reservations.memory",
        ),
        (
            "deploy: {resources: {limits: {memory: lots}}}",
            "service-invalid: .files: services.web.deploy.resources",
        ),
    ],
)
def test_what_cannot_run_is_named(service, problem):
    assert problems(service)[0] == problem


def test_reservations_of_all_tasks_are_summed_up():
    assert problems("deploy: {replicas: 6, resources: {reservations: {cpus: '1'}}}") == []
    assert problems("deploy: {replicas: 7, resources: {reservations: {cpus: '1'}}}") == ["stack-too-large: stacks"]


def test_external_secret_must_be_there_or_be_created():
    assert problems(secrets={"password": {"external": True, "name": "hello_password"}}) == []
    found = problems(secrets={"password": {"external": True}})
    assert found == ["secret-missing: .files: secrets.password"]


@pytest.mark.parametrize(
    ("networks", "keys"),
    [
        ("data: {internal: true, driver_opts: {encrypted: ''}}, plain: {driver: overlay}, new: {internal: true}", []),
        ("plain: {external: true, name: hello_data}, mine: {name: hello_plain}", []),
        ("plain: {ipam: {config: [{subnet: 10.0.1.0/24}]}}", []),
        ("data: {}", ["data.driver_opts", "data.internal"]),
        ("plain: {driver_opts: {encrypted: ''}, internal: true}", ["plain.driver_opts", "plain.internal"]),
        ("mine: {name: hello_plain, attachable: true}", ["mine.attachable"]),
        ("plain: {ipam: {config: [{subnet: 10.9.0.0/24}]}}", ["plain.ipam"]),
        ("plain: {driver: weave}", ["plain.driver"]),
    ],
)
def test_network_that_is_there_is_what_the_file_says(networks, keys):
    found = problems(networks=yaml.safe_load(f"{{{networks}}}"))
    assert found == [f"network-differs: .files: networks.{key}" for key in keys]


def test_network_of_another_release_forbids_the_run():
    found = sites.converged_site()
    made = vars(network(internal=True))
    found["m1"]["observation"]["stacks"]["hello"]["networks"] = {"hello_webnet": made}
    site = sites.site()
    site["stacks"][0]["text"] += "networks: {webnet: {}}\n"
    (problem,) = make_plan(site, found)["problems"]
    assert problem.code == "network-differs"
    assert problem.found == "true of network hello_webnet, which is in the swarm and cannot be changed"
    assert problem.expected == "false"


def test_stack_that_no_host_can_carry_forbids_the_run():
    site = sites.site()
    site["stacks"][0]["text"] += "  tape: {image: x, deploy: {placement: {constraints: [node.labels.disk == tape]}}}\n"
    found = make_plan(site, sites.converged_site())["problems"]
    assert told(found) == ["service-unplaceable: stacks.hello.files: services.tape"]


def test_networks_and_addresses_that_a_stack_needs():
    file = parse("""
    services: {web: {deploy: {replicas: 5}, networks: [a]}, agent: {deploy: {mode: global}}}
    networks: {a: {}, b: {external: true}}
    """)
    assert network_needs([file], 3) == (3, 3 + 2 + 5 + 3)
    assert network_needs([file, file], 3) == (5, 3 + 2 * (2 + 5 + 3))


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        ("a: {ports: ['53:53']}, b: {ports: ['53:53/udp']}", "", ""),
        ("a: {ports: [{target: 80, published: 81}]}, b: {ports: ['81:80']}", "", "hello: a and b"),
        ("a: {ports: ['81:80']}", "b: {ports: ['81:80']}", "the stacks hello and shop"),
    ],
)
def test_port_is_published_once(one, other, names):
    files = {"hello": parse(f"services: {{{one}}}"), "shop": parse(f"services: {{{other}}}")}
    assert [problem.found for problem in ports_are_published_once(files)] == [
        f"a port that is published by {names}"
    ] * bool(names)
