"""What of a stack file cannot run on these hosts is said before anything is changed."""

import pytest
import sites
import yaml
from ansible_collections.flotilla.swarm.plugins.plugin_utils.checks.stack_file import check_stack, network_needs
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.plan import make_plan


def node(name, role="worker", **labels):
    return {
        "name": name,
        "id": "",
        "hostname": name,
        "role": role,
        "labels": labels,
        "cpus": 2,
        "memory_mib": 2000,
    }


NODES = [node("m1", "manager"), node("w1", disk="ssd"), node("w2")]


def problems(service="", **more):
    return check_stack({"services": {"web": yaml.safe_load(service) or {}}, **more}, NODES, {"hello_password"})


@pytest.mark.parametrize(
    "service",
    [
        "{}",
        "{stop_grace_period: 1m30s, healthcheck: {interval: 5s}, deploy: {update_config: {delay: 0s, monitor: 1.5s}}}",
        "deploy: {placement: {constraints: [node.role == manager, node.labels.disk != ssd]}}",
        "deploy: {placement: {constraints: [node.labels.disk==SSD, engine.labels.x == y, node.id != abc]}}",
        "deploy: {replicas: 5, resources: {limits: {cpus: '0.1', memory: 50M}, reservations: {memory: 1000M}}}",
        "deploy: {mode: global, resources: {reservations: {cpus: '2', memory: 1.5gb}}}",
    ],
)
def test_what_can_run_is_no_problem(service):
    assert problems(service) == []


@pytest.mark.parametrize(
    ("service", "problem"),
    [
        ("stop_grace_period: 30", "stop_grace_period is 30, wanted is a duration such as 30s or 1m30s"),
        ("healthcheck: {interval: 5 sec}", "interval is 5 sec, wanted is a duration"),
        ("deploy: {restart_policy: {delay: soon}}", "delay is soon, wanted is a duration"),
        (
            "deploy: {placement: {constraints: [node.role = manager]}}",
            "found constraint node.role = manager, wanted is",
        ),
        (
            "deploy: {placement: {constraints: [node.role == manager, node.labels.disk == ssd]}}",
            "no host satisfies node.role == manager and node.labels.disk == ssd; mend its placement",
        ),
        ("deploy: {placement: {constraints: [node.hostname == w9]}}", "no host satisfies node.hostname == w9"),
        (
            "deploy: {resources: {limits: {cpus: '4'}}}",
            "its limits of 4 CPUs for one task are more than any host for it has (2 CPUs); lower it, or take larger",
        ),
        (
            "deploy: {resources: {reservations: {memory: 4G}}}",
            "its reservations of 4096 MiB of memory for one task is more than any host for it has (2000 MiB of memory)",
        ),
        ("deploy: {resources: {limits: {memory: lots}}}", "found memory lots, wanted is a size such as 50M"),
    ],
)
def test_what_cannot_run_is_named(service, problem):
    (found,) = problems(service)
    assert found.startswith(f"stack_file: service web: {problem}")


def test_reservations_of_all_tasks_are_summed_up():
    (found,) = problems("deploy: {replicas: 7, resources: {reservations: {cpus: '1'}}}")
    assert found == (
        "stack_file: the reservations of all tasks sum up to 7 CPUs, the hosts have 6 CPUs; lower replicas or "
        "reservations, or add hosts"
    )


def test_external_secret_must_be_there_or_be_created():
    assert problems(secrets={"password": {"external": True, "name": "hello_password"}}) == []
    (found,) = problems(secrets={"password": {"external": True}})
    assert found.startswith("stack_file: secret password is external, but the swarm has none of that name; create it")


def test_stack_that_no_host_can_carry_forbids_the_run():
    site = sites.site()
    site["stack"]["text"] += "  tape: {image: x, deploy: {placement: {constraints: [node.labels.disk == tape]}}}\n"
    (found,) = make_plan(site, sites.settled_site())["problems"]
    assert found.startswith("stack_file: service tape: no host satisfies node.labels.disk == tape; mend its placement")


def test_networks_and_addresses_that_a_stack_needs():
    content = yaml.safe_load("""
    services: {web: {deploy: {replicas: 5}, networks: [a]}, agent: {deploy: {mode: global}}}
    networks: {a: {}, b: {external: true}}
    """)
    assert network_needs(content, 3) == (3, 3 + 2 + 5 + 3)
