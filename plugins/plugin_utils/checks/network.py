"""Check how the hosts stand in their network before they are made a swarm.

Each problem is one sentence: what was found, what is wanted, where to mend it.
"""

from __future__ import annotations

import ipaddress

# What holds our ports once flotilla has run; "" is the kernel, which holds VXLAN's.
OWN_HOLDERS = ("", "dockerd", "docker-registry")
# Docker takes overlay networks from here when it is told no pool.
DEFAULT_POOL = "10.0.0.0/8"
# The registry's certificate is valid from the second in which it is made; a host that is behind refuses it.
CLOCK_SECONDS = 5


def check_ports(name, wanted, seen):
    """Name the ports of ours that another process holds."""
    needed = {port: role for role, entry in wanted.items() for port in entry.get("ports", [])}
    for port, holder in seen["ports"].items():
        if holder not in OWN_HOLDERS:
            where = "publish another in the stack file, or stop it" if needed[port] == "stack" else "stop it"
            yield f"{name}: port {port} is held by {holder}, wanted is a free one for role {needed[port]}; {where}"


def check_address(name, address, wanted, seen):
    """Name an address that is not the host's, that was chosen among several, or that a member had no more."""
    found, member = seen["system"]["addresses"], seen["swarm"]["address"] if _is_member(seen) else ""
    given = wanted.get("swarm", {})
    if member and address != member:
        yield (
            f"{name} is in the swarm as {member}, wanted is {address}, but Swarm cannot change a member's address; go "
            f"back to the old one (swarm_advertise_addr, ansible_host), or let {name} leave by hand (docker swarm "
            "leave) and run again"
        )
    if address not in found:
        yield (
            f"{name}: its address {address or '(none)'} is not on the host, which has {', '.join(found) or 'none'}; "
            "set swarm_advertise_addr"
        )
    elif not member and not given.get("advertise_addr") and given.get("ansible_host") not in found and len(found) > 1:
        yield (
            f"{name} has the addresses {', '.join(found)}, and ansible_host is none of them; wanted is the one that "
            "the other hosts reach it at: set swarm_advertise_addr"
        )


def check_reach(members, site, addresses, astray):
    """Name the managers and the registry that a host which is to join does not reach.

    A bare peer that answers "nothing listens there" is reached; from a member of the swarm, a firewall says so.

    :param astray: inventory names of the hosts that ``registry_url`` leads elsewhere, which is told apart
    """
    peers = {addresses[name]: name for name in site["managers"]}
    for name, host in members.items():
        lost = {}
        registry = "" if name in astray else site["registry_url"].split("/")[0]
        for target, answer in host["seen"]["reach"].items():
            address, _, port = target.rpartition(":")
            peer = peers.get(address, site["registry_host"] if target == registry else "")
            listens = peer in members and _listens(members[peer]["seen"], port)
            if peer and (answer not in ("open", "closed") or (answer == "closed" and listens)):
                lost.setdefault((peer, address, answer), []).append(f"{port}/tcp")
        for (peer, address, answer), ports in lost.items():
            yield (
                f"{name} does not reach {peer} at {address}, port {' and '.join(ports)} ({answer}); wanted is an open "
                "way for the ports that README.md lists: see firewalls between and on the two"
            )


def check_pools(members, pools, subnet_size, networks, addresses_needed):
    """Name pools of overlay networks that are networks of hosts or behind their gateways, or too small.

    :param pools: list of str, empty for Docker's default
    :param subnet_size: prefix length of one overlay network
    :param networks: how many overlay networks the swarm will have
    :param addresses_needed: how many addresses the largest of them needs
    """
    remedy = "set swarm_default_addr_pool, such as [172.30.0.0/16]"
    try:
        wanted = [ipaddress.ip_network(pool) for pool in pools or [DEFAULT_POOL]]
    except ValueError as error:
        yield f"swarm_default_addr_pool: {error}; wanted are networks such as 172.30.0.0/16"
        return
    room = sum(2 ** max(subnet_size - pool.prefixlen, 0) for pool in wanted if pool.prefixlen <= subnet_size)
    if room < networks:
        yield f"swarm_default_addr_pool has room for {room} networks of /{subnet_size}, wanted are {networks}; {remedy}"
        return
    # All but network, gateway and broadcast.
    if 2 ** (32 - subnet_size) - 3 < addresses_needed:
        fitting = 32 - (addresses_needed + 3).bit_length()
        yield (
            f"an overlay network of /{subnet_size} has {2 ** (32 - subnet_size) - 3} addresses, these hosts and their "
            f"tasks need {addresses_needed}; set swarm_subnet_size: {fitting} before the swarm begins"
        )
    # The default is so wide that only what is taken from it first counts.
    taken = wanted if pools else list(_first(wanted[0].subnets(new_prefix=subnet_size), networks))
    begins = not any(_is_member(host["seen"]) for host in members.values())
    for name, host in members.items():
        for network, gateway in host["seen"]["networks"].items():
            # Containers would not reach what is behind a gateway. Who joins a swarm can choose no other pool for that.
            counts = begins if gateway else not _is_member(host["seen"])
            if counts and any(ipaddress.ip_network(network).overlaps(pool) for pool in taken):
                found = f"has a route to {network} through {gateway}" if gateway else f"is attached to {network}"
                used = ", ".join(pools) or f"Docker's default, from {taken[0]} on"
                yield f"{name} {found}, where the swarm would take its networks ({used}); {remedy}"


def _first(subnets, count):
    return (subnet for subnet, _number in zip(subnets, range(count), strict=False))


def check_clocks(hosts):
    """Name the hosts whose clocks are provably apart from those of most others, this machine among them.

    A host told its time between two moments of this machine's clock, so how far it is ahead lies between two bounds.
    """
    spans = {}
    for name, host in hosts.items():
        time, (before, after) = host["seen"]["system"]["time"], host["seen"]["system"]["asked"]
        spans[name] = (time - after, time - before)
    for name, (least, most) in spans.items():
        others = [(0, 0), *(span for other, span in spans.items() if other != name)]
        gaps = sorted((max(least - other[1], other[0] - most, 0), least > other[1]) for other in others)
        apart = [gap for gap in gaps if gap[0] > CLOCK_SECONDS]
        if len(hosts) > 1 and 2 * len(apart) > len(others):
            seconds, ahead = apart[0]
            yield (
                f"{name}: its clock is at least {seconds:.0f} s {'ahead of' if ahead else 'behind'} those of most "
                f"others, wanted are at most {CLOCK_SECONDS} s; let it keep time (apt install systemd-timesyncd, "
                "timedatectl set-ntp true)"
            )


def _listens(seen, port):
    """Tell whether a port of the swarm is taken on a host: a worker that is to be a manager does not listen at 2377."""
    return _is_member(seen) and (port == "7946" or (port == "2377" and seen["swarm"]["manager"]))


def _is_member(seen):
    return seen["swarm"]["state"] == "active"
