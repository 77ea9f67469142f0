"""The tables of checks that forbid a run, and what they are given to read."""

from __future__ import annotations

from ..model.problem import Problem, find
from ..stacks import stack
from . import firewall, hosts, network, registry, stack_file
from .facts import HostFacts

HOST_RULES = (*hosts.RULES, *network.RULES, *registry.RULES, *firewall.RULES)


def find_host_problems(facts: HostFacts, with_logins: bool) -> tuple[Problem, ...]:
    """Check what was observed on the hosts, one by one and against each other.

    :param with_logins: whether this run asks the registry for anything
    """
    return find(facts, HOST_RULES + registry.LOGIN_RULES * with_logins)


def find_stack_problems(site, members, seen, labels, stack_plan):
    """Check the stack file against the hosts.

    :param members: dict of inventory name to the result of ``flotilla.swarm.observe``
    :param seen: observation of the manager that was asked, ``{}`` before there is a swarm
    :param labels: dict of inventory name to labels that it will get
    :param stack_plan: see ``release_plan.plan_stack``
    :return: list of problems
    """
    content = stack.parse(stack.render(stack_plan["text"], stack_plan["variables"]))
    secrets = {*(seen.get("stack") or {}).get("secret_names", []), *stack_plan["secret_objects"]}
    facts = stack_file.StackFacts(content, describe_nodes(site, members, seen, labels), secrets)
    problems = find(facts, stack_file.RULES)
    if problems:
        return problems
    needs = stack_file.network_needs(content, len(members))
    return tuple(network.check_pools(members, site["pools"], site["subnet_size"], *needs))


def describe_nodes(site, members, seen, labels):
    """Describe hosts as nodes that services are placed on, as they will be when the stack is deployed.

    :param members: see ``find_stack_problems``, as ``seen`` and ``labels``
    :return: list of dicts, see ``stack_file.StackFacts``
    """
    there = {node["id"]: node["labels"] for node in seen.get("nodes", [])}
    return [
        {
            "name": name,
            "id": host["seen"]["swarm"]["node_id"],
            "hostname": host["seen"]["system"]["hostname"],
            "role": "manager" if name in site["managers"] else "worker",
            "labels": {**there.get(host["seen"]["swarm"]["node_id"], {}), **labels.get(name, {})},
            "cpus": host["seen"]["system"]["cpus"],
            "memory_mib": host["seen"]["system"]["memory_mib"],
        }
        for name, host in members.items()
    ]
