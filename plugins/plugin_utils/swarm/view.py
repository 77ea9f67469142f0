"""What the inventory says of the swarm's members and what was observed of them, put side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...module_utils.observation import Observed
from ...module_utils.observation.swarm import Node
from ..model.desired import Member
from ..model.observation import Host, Unreachable
from ..model.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedVolume:
    """A volume that holds services on one node.

    :ivar name: as the engine has it
    :ivar stacks: names of those that have it
    :ivar beside: labels of the volumes that a service mounts together with it, and that so belong on the same node
    :ivar used_on: IDs of the nodes on which tasks use it now
    """

    name: str
    stacks: tuple[str, ...]
    beside: frozenset[str] = frozenset()
    used_on: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The inventory's hosts and the swarm's nodes.

    :ivar addresses: by inventory name, the address that other nodes use
    :ivar pinning: the volumes that hold services on one node, by the label of that node
    :ivar desired: by inventory name, what the inventory says of it as a member
    :ivar former: by inventory name, the registry's files that a host which is to go should not have any more
    :ivar observed: of the hosts that could be asked, in the order managers, workers, removed
    :ivar reasons: why the others could not be, each reason once
    :ivar nodes: the swarm's nodes by ID, empty before there is a swarm
    :ivar owner: by node ID, the host that it is
    :ivar own: by inventory name, the node that a host is now
    :ivar old: by inventory name, the entries that are left of a host's earlier lives
    :ivar named: entries that the user named as dead
    """

    site: Site
    addresses: Mapping[str, str]
    pinning: Mapping[str, PinnedVolume]
    desired: Mapping[str, Member]
    former: Mapping[str, tuple[str, ...]]
    observed: Mapping[str, Observed]
    reasons: tuple[str, ...]
    nodes: Mapping[str, Node]
    owner: Mapping[str, str]
    own: Mapping[str, Node]
    old: Mapping[str, tuple[Node, ...]]
    named: tuple[Node, ...]

    @property
    def everyone(self) -> tuple[str, ...]:
        """Return all hosts."""
        return self.site.members + self.site.retire

    @property
    def unreachable(self) -> list[str]:
        """Return the hosts that could not be asked."""
        return [name for name in self.everyone if name not in self.observed]

    @property
    def unknown_names(self) -> list[str]:
        """Return what the user named as dead and no dead node is called."""
        known = {name for node in self.named for name in self.names_of(node)}
        return sorted({*self.site.remove_dead} - known)

    def names_of(self, node: Node) -> list[str]:
        """List what a person may call a node."""
        return _names_of(node, {name: self.addresses[name] for name in self.unreachable})

    def has_data(self, name: str, label: str) -> bool:
        """Tell whether a label's volume has data on a host."""
        return self.observed[name].has_data(self.pinning[label].name)

    def uses(self, name: str, label: str) -> bool:
        """Tell whether a task on a host uses a label's volume."""
        return name in self.own and self.own[name].id in self.pinning[label].used_on

    def availability(self, name: str) -> str:
        """Tell the availability that the inventory says."""
        return self.desired[name].availability or "active"

    def is_manager(self, name: str) -> bool:
        """Tell whether a host is a manager now."""
        return name in self.own and self.own[name].is_manager

    def has_registry(self, name: str) -> bool:
        """Tell whether a host that is to go still has the registry's login or CA."""
        observed = self.observed[name]
        return bool(observed.engine) and (
            observed.credentials or any(observed.files[path] for path in self.former[name])
        )

    def doomed(self) -> list[Node]:
        """List the entries that go because their host has another one or is named as dead."""
        return [node for entries in self.old.values() for node in entries] + [*self.named]

    def others(self, name: str) -> list[Node]:
        """List the nodes that are no host's earlier life."""
        earlier = {node.id for node in self.old[name]}
        return [node for node in self.nodes.values() if node.id not in earlier]

    def holds(self, node: Node) -> list[str]:
        """List the labels that pin volumes to a node."""
        return [label for label in self.pinning if node.labels.get(label) == "true"]

    @property
    def unplaced(self) -> list[str]:
        """List the labels that no node has yet."""
        placed = {label for node in self.nodes.values() for label in self.holds(node)}
        return [label for label in self.pinning if label not in placed]


def compare(
    site: Site,
    hosts: Mapping[str, Host],
    addresses: Mapping[str, str],
    pinning: Mapping[str, PinnedVolume],
    nodes: Sequence[Node],
) -> View:
    """Find out which host is which node.

    :param nodes: as the manager that was asked sees them
    """
    everyone = site.members + site.retire
    observed = {name: found for name in everyone if isinstance(found := hosts[name].observation, Observed)}
    away = {name: addresses[name] for name in everyone if name not in observed}
    by_id = {node.id: node for node in nodes}
    owner = {
        found.swarm.node_id: name
        for name, found in observed.items()
        if found.swarm.is_member and found.swarm.node_id in by_id
    }
    # Where a host that could not be asked was a member, its entry is not taken for anybody else's.
    free = [node for node in nodes if node.id not in owner]
    old = {
        name: tuple(node for node in free if node.address not in away.values() and _was(name, found, node, addresses))
        for name, found in observed.items()
    }
    taken = {node.id for entries in old.values() for node in entries}
    dead = {*site.remove_dead}
    return View(
        site=site,
        addresses=addresses,
        pinning=pinning,
        desired={name: host.desired.member for name, host in hosts.items()},
        former={name: tuple(host.desired.role("registry_former").files) for name, host in hosts.items()},
        observed=observed,
        reasons=tuple(dict.fromkeys(_reasons(hosts[name] for name in away))),
        nodes=by_id,
        owner=owner,
        own={name: by_id[ident] for ident, name in owner.items()},
        old=old,
        named=tuple(node for node in free if node.id not in taken and not dead.isdisjoint(_names_of(node, away))),
    )


def _reasons(hosts: Iterable[Host]) -> Iterator[str]:
    for host in hosts:
        if isinstance(host.observation, Unreachable):
            yield " ".join(host.observation.reason.split()).rstrip(".")


def _names_of(node: Node, away: Mapping[str, str]) -> list[str]:
    """List what a person may call a node.

    :param away: addresses of hosts that could not be asked
    """
    return [node.hostname, node.address, node.id, *(name for name in away if away[name] == node.address)]


def _was(name: str, observed: Observed, node: Node, addresses: Mapping[str, str]) -> bool:
    """Tell whether an entry is what is left of an earlier life of a host."""
    if node.address == addresses[name]:
        return True
    others: Collection[str] = {address for other, address in addresses.items() if other != name}
    same_name = node.hostname == observed.system.hostname
    return same_name and node.state == "down" and node.address not in others
