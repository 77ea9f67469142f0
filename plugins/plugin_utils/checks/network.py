"""Check how the hosts stand in their network before they are made a swarm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from itertools import islice

from ...module_utils.observation import Observed
from ..model.problem import Code, Problem, Rule
from .facts import HostFacts
from .registry import misdirected

# What holds our ports once flotilla has run; "" is the kernel, which holds VXLAN's.
OWN_HOLDERS = ("", "dockerd", "docker-registry")
# It holds a port that a container publishes on its host.
PROXY = "docker-proxy"
# Docker takes overlay networks from here when it is told no pool.
DEFAULT_POOL = "10.0.0.0/8"
POOL = "swarm_default_addr_pool"
POOL_FIX = f"Set {POOL}, for example to [172.30.0.0/16]"


def ports_are_free(facts: HostFacts) -> Iterator[Problem]:
    """No other process holds a port of ours."""
    published = next((each.published for each in facts.observed.values() if each.published), {})
    # Services of the swarm publish these on the node of each task alone.
    on_nodes = {port for port, publisher in published.items() if not publisher.ingress}
    for name, observed in facts.observed.items():
        needed = {port: role for role, found in facts.desired[name].roles.items() for port in found.ports}
        for port, holder in observed.ports.items():
            if holder not in OWN_HOLDERS and not (holder == PROXY and port in on_nodes):
                other = ", or publish another port in the Compose file" if needed[port] == "stack" else ""
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
    for name, observed in facts.members.items():
        joined, address = observed.swarm.address, facts.addresses[name]
        if observed.swarm.is_member and joined not in ("", address):
            yield Problem(
                code=Code.ADDRESS_CHANGED,
                hosts=(name,),
                found=f"joined the swarm as {joined}",
                expected=f"{address} (swarm_advertise_addr or ansible_host), but a member's address cannot change",
                fix=f"Set swarm_advertise_addr: {joined}; or demote {name} if it is a manager and not the only one, "
                f"run docker swarm leave on it, and run again",
            )


def addresses_are_the_hosts_own(facts: HostFacts) -> Iterator[Problem]:
    """Other nodes are told an address that is on the host, and not one that was guessed among several."""
    for name, observed in facts.members.items():
        found, given = observed.system.addresses, facts.desired[name].member
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
            not (observed.swarm.is_member and observed.swarm.address)
            and not given.advertise_addr
            and given.ansible_host not in found
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

    A bare peer that answers "nothing listens there" is reached; from a member of the swarm, a firewall says so. A peer
    that will let it in only in this run is not judged.
    """
    elsewhere = misdirected(facts)
    for name, observed in facts.members.items():
        lost: dict[tuple[str, str, str], list[str]] = {}
        for target, answer in observed.reach.items():
            address, _, port = target.rpartition(":")
            peer = _peer(facts, target, name in elsewhere)
            listens = peer in facts.members and _listens(facts.members[peer], port)
            is_lost = answer not in ("open", "closed") or (answer == "closed" and listens)
            if peer and is_lost and peer not in facts.opening:
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


def _peer(facts: HostFacts, target: str, misdirected: bool) -> str:
    """Find the host behind a target, ``""`` where that is not known."""
    managers = {facts.addresses[name]: name for name in facts.site.managers}
    registry = "" if misdirected else facts.site.registry.url.server
    return managers.get(target.rpartition(":")[0], facts.site.registry.host if target == registry else "")


def check_pools(
    members: Mapping[str, Observed], pools: Sequence[str], subnet_size: int, networks: int, addresses_needed: int
) -> Iterator[Problem]:
    """Name pools of overlay networks that are networks of hosts or behind their gateways, or too small.

    :param pools: empty for Docker's default
    :param subnet_size: prefix length of one overlay network
    :param networks: how many overlay networks the swarm will have
    :param addresses_needed: how many addresses the largest of them needs
    """
    try:
        given = [IPv4Network(pool) for pool in pools or [DEFAULT_POOL]]
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
    taken = given if pools else list(islice(given[0].subnets(new_prefix=subnet_size), networks))
    for name, network, gateway in _overlaps(members, taken):
        yield Problem(
            code=Code.POOL_IN_USE,
            where=POOL,
            hosts=(name,),
            found=f"a route to {network} through {gateway}" if gateway else f"attached to {network}",
            expected=f"no network among those that the swarm takes ({_pools(pools, taken)})",
            fix=POOL_FIX,
        )


def _pools(pools: Sequence[str], taken: Sequence[IPv4Network]) -> str:
    return ", ".join(pools) or f"Docker's default, from {taken[0]} on"


def _subnet_is_large_enough(subnet_size: int, addresses_needed: int) -> Iterator[Problem]:
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


def _overlaps(members: Mapping[str, Observed], taken: Sequence[IPv4Network]) -> Iterator[tuple[str, str, str]]:
    """Find networks of hosts among those that the swarm will take.

    Containers would not reach what is behind a gateway. Who joins a swarm can choose no other pool for that.
    """
    new = not any(observed.swarm.is_member for observed in members.values())
    for name, observed in members.items():
        for network, gateway in observed.networks.items():
            counts = new if gateway else not observed.swarm.is_member
            if counts and any(IPv4Network(network).overlaps(pool) for pool in taken):
                yield name, network, gateway


def _listens(observed: Observed, port: str) -> bool:
    """Tell whether a port of the swarm is taken on a host: a worker that is to be a manager does not listen at 2377."""
    return observed.swarm.is_member and (port == "7946" or (port == "2377" and observed.swarm.manager))


ADDRESS_RULES = (Rule(members_keep_their_address), Rule(addresses_are_the_hosts_own))
RULES = (
    Rule(ports_are_free),
    *ADDRESS_RULES,
    Rule(peers_are_reached),
)
