"""Gather in one list everything on the hosts that forbids a run, before anything is changed."""

from __future__ import annotations

from ..registry import accounts as registry
from ..stacks import stack
from . import engine_settings
from . import firewall as checks_firewall
from . import inventory as checks
from . import network as checks_network
from . import stack_file as checks_stack


def find_problems(site, hosts, addresses):
    """Check what was seen on the hosts, one by one and against each other.

    :param site: see ``plan.make_plan``
    :param hosts: dict of inventory name to the result of ``flotilla.swarm.observe``
    :param addresses: dict of inventory name to the address that other nodes will use, of all hosts
    :return: list of problems
    """
    members = {name: hosts[name] for name in [*site["managers"], *site["workers"]]}
    addresses = {name: addresses[name] for name in members}
    problems = checks.check_hosts(members, addresses)
    for name, host in hosts.items():
        problems += checks_network.check_ports(name, host["wanted"], host["seen"])
    for name, host in members.items():
        problems += checks_network.check_address(name, addresses[name], host["wanted"], host["seen"])
    seen = {name: host["seen"] for name, host in members.items()}
    server = hosts[site["registry_host"]]["seen"] if site["registry_host"] else None
    astray = registry.find_astray(site, seen, server) if server else {}
    return [
        *problems,
        # The other playbooks touch no engine.
        *(engine_settings.problems(members) if site["scope"] == "site" else []),
        *registry.astray_problems(site, astray, seen, server),
        *checks_network.check_clocks(hosts),
        *checks_network.check_reach(members, site, addresses, astray),
        *checks_firewall.check_firewalls(hosts, addresses),
    ]


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
    problems = checks_stack.check_stack(content, describe_nodes(site, members, seen, labels), secrets)
    if problems:
        return problems
    needs = checks_stack.network_needs(content, len(members))
    return list(checks_network.check_pools(members, site["pools"], site["subnet_size"], *needs))


def describe_nodes(site, members, seen, labels):
    """Describe hosts as nodes that services are placed on, as they will be when the stack is deployed.

    :param members: see ``find_stack_problems``, as ``seen`` and ``labels``
    :return: list of dicts, see ``checks_stack.check_stack``
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
