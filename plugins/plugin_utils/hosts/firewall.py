"""Make the rules that keep strangers from the ports of the swarm and of flotilla's registry, and others than those that
the user names from what stacks publish.

They stand in table raw, which packets pass before the engine's rules and all others, so that they also meet what
comes of containers for other members: its host makes packets of its own of that only later. What is not for these ports
passes them by. One more stands in table mangle: where visitors are named, nobody comes to what is published past the
host's own addresses, which the engine would let in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from ...module_utils.observation import Observed
from ...module_utils.observation.swarm import DATA_PORT
from ...module_utils.own_rules import CHAIN, ENTRIES, FORWARD, digest
from ..model.desired import Desired
from ..model.site import Site

TO, FROM, VISITORS = f"{CHAIN}-TO", f"{CHAIN}-FROM", f"{CHAIN}-VISITORS"
# Bridges of containers: what comes from there comes from no host, whatever address it has.
MESH_BRIDGE = "docker_gwbridge"
BRIDGES = ("docker0", MESH_BRIDGE)
HEAD = "# Members of the swarm alone reach its ports. flotilla writes this file.\n"

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of one host.

    :ivar members: addresses of the swarm's members
    :ivar trusted: further addresses and networks
    :ivar is_member: whether the host is one; else it has no ports of the swarm
    :ivar data_port: UDP port of the swarm's overlay networks
    :ivar registry: address of the host that serves flotilla's registry, ``""`` where none does
    :ivar ports: at which that registry gives and takes images
    :ivar serves: whether this is that host
    :ivar visitors: addresses and networks that reach what stacks publish; none means everybody
    :ivar published: what those publish, such as ``4000/tcp``
    """

    members: tuple[str, ...]
    trusted: tuple[str, ...]
    is_member: bool
    data_port: int
    registry: str
    ports: tuple[int, ...]
    serves: bool
    visitors: tuple[str, ...] = ()
    published: tuple[str, ...] = ()

    def lines(self, version: int) -> Iterator[str]:
        """Return them for IPv4 or 6, as ``iptables-save`` prints them."""
        members = networks(self.members, version)
        yield from self._ports(version)
        for device in ("lo", *BRIDGES):
            yield f"-A {FROM} -i {device} -j {'RETURN' if device == 'lo' else 'DROP'}"
        for network in networks((*self.members, *self.trusted), version):
            yield f"-A {FROM} -s {network} -j RETURN"
        yield f"-A {FROM} -j DROP"
        yield f"-A {TO} -m addrtype --dst-type LOCAL -g {FROM}"
        for network in members:
            yield f"-A {TO} -d {network} -g {FROM}"
        if self.visitors and self.is_member:
            yield from self._visitors(version)

    def forwarding(self) -> Iterator[str]:
        """Return those for what the host forwards, in the same form; they are the same for IPv4 and 6."""
        if self.visitors and self.is_member:
            # What comes to one of its addresses has got another destination by now.
            straight = "-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT"
            yield f"-A {FORWARD} ! -i {MESH_BRIDGE} -o {MESH_BRIDGE} {straight} -j DROP"

    def _ports(self, version: int) -> Iterator[str]:
        if self.is_member:
            # What Swarm needs open between members; ESP carries encrypted overlay networks. (https://docs.docker.com/
            # engine/swarm/swarm-tutorial/#open-protocols-and-ports-between-the-hosts)
            for protocol, port in (("tcp", 2377), ("tcp", 7946), ("udp", self.data_port), ("udp", 7946)):
                yield f"-A {CHAIN} -p {protocol} -m {protocol} --dport {port} -j {TO}"
            yield f"-A {CHAIN} -p esp -j {TO}"
        for port in self.ports:
            registry = f"-p tcp -m tcp --dport {port}"
            if self.serves:
                yield f"-A {CHAIN} {registry} -m addrtype --dst-type LOCAL -j {FROM}"
            else:
                for network in networks([self.registry], version):
                    yield f"-A {CHAIN} -d {network} {registry} -j {FROM}"

    def _visitors(self, version: int) -> Iterator[str]:
        for socket in self.published:
            number, protocol = socket.split("/")
            yield f"-A {CHAIN} -p {protocol} -m {protocol} --dport {number} -m addrtype --dst-type LOCAL -j {VISITORS}"
        # What runs on the host itself is no visitor from elsewhere.
        for device in ("lo", *BRIDGES):
            yield f"-A {VISITORS} -i {device} -j RETURN"
        for network in networks((*self.members, *self.visitors), version):
            yield f"-A {VISITORS} -s {network} -j RETURN"
        yield f"-A {VISITORS} -j DROP"


# Nearly all hosts of a site have the same.
@lru_cache(maxsize=16)
def text_of(rules: Rules, version: int) -> str:
    """Return rules as ``iptables-restore`` reads them, for IPv4 or 6."""
    raw = _table("raw", (CHAIN, FROM, TO, VISITORS), rules.lines(version))
    return f"{HEAD}{raw}{_table('mangle', (FORWARD,), rules.forwarding())}"


def _table(name: str, chains: Sequence[str], lines: Iterable[str]) -> str:
    content = [f"*{name}", *(f":{chain} - [0:0]" for chain in chains), *lines, "COMMIT"]
    return "".join(f"{line}\n" for line in content)


@lru_cache(maxsize=16)
def digest_of(rules: Rules, version: int) -> str:
    """Return what the kernel tells of rules that it has, see ``module_utils.own_rules``."""
    return digest((*ENTRIES.values(), *rules.lines(version), *rules.forwarding()))


def networks(texts: Collection[str], version: int) -> list[Network]:
    """Return addresses and networks of one version, each once and in their order; what is none is left out."""
    found = {network for network in map(read, texts) if network and network.version == version}
    return sorted(found, key=lambda network: (int(network.network_address), network.prefixlen))


def read(text: str) -> Network | None:
    """Return an address or a network; ``None`` for a name, and for what is everybody or nobody else."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    return None if network.is_loopback or network.prefixlen == 0 or network.is_unspecified else network


def make_rules(
    site: Site,
    desired: Mapping[str, Desired],
    observed: Mapping[str, Observed],
    addresses: Mapping[str, str],
    published: tuple[str, ...],
    left: Collection[str] = (),
) -> dict[str, Rules]:
    """Make the rules of the hosts that keep strangers out, or do so still.

    Who joins in the run is let in; a node, until its entry is removed, also one that the inventory does not have.

    :param observed: of the hosts that could be asked
    :param addresses: by inventory name, the address that other nodes use
    :param published: what stacks publish, such as ``4000/tcp``
    :param left: IDs of nodes that are none any more
    """
    members = {each for name in site.members for each in _own(name, desired, observed, addresses)}
    manager = answering(site, observed)
    members.update(node.address for node in (manager.nodes if manager else None) or () if node.id not in left)
    registry = site.registry
    return {
        name: Rules(
            members=tuple(sorted(members)),
            trusted=settings.trusted,
            is_member=name in site.members or observed[name].swarm.is_member,
            data_port=manager.swarm.data_port if manager else DATA_PORT,
            registry=addresses.get(registry.host, ""),
            ports=(registry.url.port or 0, registry.push_port),
            serves=name == registry.host,
            visitors=settings.visitors,
            published=published,
        )
        for name in observed
        if (settings := desired[name].firewall)
    }


def _own(
    name: str, desired: Mapping[str, Desired], observed: Mapping[str, Observed], addresses: Mapping[str, str]
) -> Iterator[str]:
    """Return the addresses that packets of a member come from: the one that Ansible has only where it is its own."""
    yield addresses[name]
    given = desired[name].member.ansible_host
    if name in observed and given in observed[name].system.addresses:
        yield given


def answering(site: Site, observed: Mapping[str, Observed]) -> Observed | None:
    """Return the first manager of the inventory that can tell of the swarm."""
    answers = (observed[name] for name in site.managers if name in observed)
    return next((each for each in answers if each.nodes is not None), None)


def differs(rules: Rules, found: Observed) -> bool:
    """Tell whether the kernel has other rules; nothing is said of a version of IP that it does without."""
    own = found.own_rules
    return own.ipv4 != digest_of(rules, 4) or own.ipv6 not in (None, digest_of(rules, 6))


def is_there(found: Observed) -> bool:
    """Tell whether the kernel has any rules of flotilla's."""
    return bool(found.own_rules.ipv4 or found.own_rules.ipv6)


def changed(rules: Mapping[str, Rules], observed: Mapping[str, Observed]) -> frozenset[str]:
    """Name the hosts that keep strangers out already, and get other rules in this run, before anybody joins."""
    return frozenset(name for name, each in rules.items() if is_there(observed[name]) and differs(each, observed[name]))
