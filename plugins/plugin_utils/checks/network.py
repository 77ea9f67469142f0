"""Check how the hosts stand in their network before they are made a swarm."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from ..model.problem import Code, Problem, Rule
from .facts import HostFacts
from .registry import misdirected

# What holds our ports once flotilla has run; "" is the kernel, which holds VXLAN's.
OWN_HOLDERS = ("", "dockerd", "docker-registry")
# Docker takes overlay networks from here when it is told no pool.
DEFAULT_POOL = "10.0.0.0/8"
POOL = "swarm_default_addr_pool"
POOL_FIX = f"Set {POOL}, for example to [172.30.0.0/16]"


def ports_are_free(facts: HostFacts) -> Iterator[Problem]:
    """No other process holds a port of ours."""
    for name, host in facts.hosts.items():
        needed = {port: role for role, entry in host["wanted"].items() for port in entry.get("ports", [])}
        for port, holder in host["seen"]["ports"].items():
            if holder not in OWN_HOLDERS:
                other = ", or publish another port in the stack file" if needed[port] == "stack" else ""
                yield Problem(
                    code=Code.PORT_IN_USE,
                    where=port,
                    hosts=(name,),
                    found=f"in use by {holder}",
                    expected=f"a free port for {needed[port]}",
                    fix=f"Stop {holder}{other}",
                )


def members_keep_their_address(facts: HostFacts) -> Iterator[Problem]:
    """Swarm cannot change a member's address."""
    for name, host in facts.members.items():
        seen, address = host["seen"], facts.addresses[name]
        if _is_member(seen) and seen["swarm"]["address"] not in ("", address):
            joined = seen["swarm"]["address"]
            yield Problem(
                code=Code.ADDRESS_CHANGED,
                hosts=(name,),
                found=f"joined the swarm as {joined}",
                expected=f"{address} (swarm_advertise_addr or ansible_host), but a member's address cannot change",
                fix=f"Set swarm_advertise_addr: {joined}, or run docker swarm leave on {name} and run again",
            )


def addresses_are_the_hosts_own(facts: HostFacts) -> Iterator[Problem]:
    """Other nodes are told an address that is on the host, and not one that was guessed among several."""
    for name, host in facts.members.items():
        found, given = host["seen"]["system"]["addresses"], host["wanted"].get("swarm", {})
        there = f"{', '.join(found) or 'none'} on the host"
        if facts.addresses[name] not in found:
            yield Problem(
                code=Code.ADDRESS_MISSING,
                hosts=(name,),
                found=there,
                expected=f"its address {facts.addresses[name] or '(none)'}",
                fix="Set swarm_advertise_addr to one of its own",
            )
        elif (
            not (_is_member(host["seen"]) and host["seen"]["swarm"]["address"])
            and not given.get("advertise_addr")
            and given.get("ansible_host") not in found
            and len(found) > 1
        ):
            yield Problem(
                code=Code.ADDRESS_AMBIGUOUS,
                hosts=(name,),
                found=there,
                expected="the one that the other hosts reach it at",
                fix="Set swarm_advertise_addr to it",
            )


def peers_are_reached(facts: HostFacts) -> Iterator[Problem]:
    """A host that is to join reaches the managers and the registry.

    A bare peer that answers "nothing listens there" is reached; from a member of the swarm, a firewall says so.
    """
    astray = misdirected(facts)
    for name, host in facts.members.items():
        lost = {}
        for target, answer in host["seen"]["reach"].items():
            address, _, port = target.rpartition(":")
            peer = _peer(facts, target, name in astray)
            listens = peer in facts.members and _listens(facts.members[peer]["seen"], port)
            if peer and (answer not in ("open", "closed") or (answer == "closed" and listens)):
                lost.setdefault((peer, address, answer), []).append(f"{port}/tcp")
        for (peer, address, answer), ports in lost.items():
            yield Problem(
                code=Code.PEER_UNREACHABLE,
                where=f"{peer} at {address}, port {' and '.join(ports)}",
                hosts=(name,),
                found=answer,
                expected="an open way for the ports that README.md lists",
                fix="Open them in the firewalls between and on the two hosts",
            )


def _peer(facts, target, misdirected):
    """Find the host behind a target, ``""`` where that is not known."""
    managers = {facts.addresses[name]: name for name in facts.site["managers"]}
    registry = "" if misdirected else facts.site["registry_url"].split("/")[0]
    return managers.get(target.rpartition(":")[0], facts.site["registry_host"] if target == registry else "")


def check_pools(members, pools, subnet_size, networks, addresses_needed):
    """Name pools of overlay networks that are networks of hosts or behind their gateways, or too small.

    :param pools: list of str, empty for Docker's default
    :param subnet_size: prefix length of one overlay network
    :param networks: how many overlay networks the swarm will have
    :param addresses_needed: how many addresses the largest of them needs
    """
    try:
        given = [ipaddress.ip_network(pool) for pool in pools or [DEFAULT_POOL]]
    except ValueError as error:
        yield Problem(
            code=Code.SETTING_INVALID,
            where=POOL,
            found=str(error),
            expected="networks such as 172.30.0.0/16",
            fix=POOL_FIX,
        )
        return
    room = sum(2 ** max(subnet_size - pool.prefixlen, 0) for pool in given if pool.prefixlen <= subnet_size)
    if room < networks:
        yield Problem(
            code=Code.POOL_TOO_SMALL,
            where=POOL,
            found=f"room for {room} networks of /{subnet_size}",
            expected=f"room for {networks}",
            fix=POOL_FIX,
        )
        return
    yield from _subnet_is_large_enough(subnet_size, addresses_needed)
    # The default is so wide that only what is taken from it first counts.
    taken = given if pools else list(_first(given[0].subnets(new_prefix=subnet_size), networks))
    for name, network, gateway in _overlaps(members, taken):
        yield Problem(
            code=Code.POOL_IN_USE,
            where=POOL,
            hosts=(name,),
            found=f"a route to {network} through {gateway}" if gateway else f"attached to {network}",
            expected=f"no network among those that the swarm takes ({_pools(pools, taken)})",
            fix=POOL_FIX,
        )


def _pools(pools, taken):
    return ", ".join(pools) or f"Docker's default, from {taken[0]} on"


def _subnet_is_large_enough(subnet_size, addresses_needed):
    # All but network, gateway and broadcast.
    room = 2 ** (32 - subnet_size) - 3
    if room < addresses_needed:
        fitting = 32 - (addresses_needed + 3).bit_length()
        yield Problem(
            code=Code.POOL_TOO_SMALL,
            where="swarm_subnet_size",
            found=f"{room} addresses in an overlay network of /{subnet_size}",
            expected=f"{addresses_needed} for these hosts and their tasks",
            fix=f"Set swarm_subnet_size: {fitting} before the swarm is created",
        )


def _overlaps(members, taken):
    """Find networks of hosts among those that the swarm will take.

    Containers would not reach what is behind a gateway. Who joins a swarm can choose no other pool for that.
    """
    new = not any(_is_member(host["seen"]) for host in members.values())
    for name, host in members.items():
        for network, gateway in host["seen"]["networks"].items():
            counts = new if gateway else not _is_member(host["seen"])
            if counts and any(ipaddress.ip_network(network).overlaps(pool) for pool in taken):
                yield name, network, gateway


def _first(subnets, count):
    return (subnet for subnet, _number in zip(subnets, range(count), strict=False))


def _listens(seen, port):
    """Tell whether a port of the swarm is taken on a host: a worker that is to be a manager does not listen at 2377."""
    return _is_member(seen) and (port == "7946" or (port == "2377" and seen["swarm"]["manager"]))


def _is_member(seen):
    return seen["swarm"]["state"] == "active"


RULES = (
    Rule(ports_are_free),
    Rule(members_keep_their_address),
    Rule(addresses_are_the_hosts_own),
    Rule(peers_are_reached),
)
