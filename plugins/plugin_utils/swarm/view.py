"""What the inventory wants of the swarm's members and what was seen of them, put side by side."""

from __future__ import annotations

from ..model.problem import Code, Problem
from ..stacks import stack


class View:
    """Both, for ``membership.decide`` with the same parameters.

    :ivar own: by inventory name, the node that a host is now
    :ivar owner: by node ID, the host that it is
    :ivar old: by inventory name, the entries that are left of a host's earlier lives
    :ivar named: entries that the user named as dead
    :ivar placed: by inventory name, the labels that pin volumes to a node from now on
    :ivar refusals: problems found on the way
    """

    def __init__(self, site, hosts, addresses):
        """Sort the hosts by what is wanted of them and by whether they could be asked."""
        self.site, self.hosts, self.addresses = site, hosts, addresses
        self.managers, self.workers = site["managers"], site["workers"]
        self.members = [*self.managers, *self.workers]
        self.removed = site.get("removed", [])
        self.everyone = [*self.members, *self.removed]
        self.wanted = {name: host["wanted"].get("swarm", {}) for name, host in hosts.items()}
        self.seen = {name: hosts[name]["seen"] for name in self.everyone if "seen" in hosts[name]}
        self.states = {name: seen["swarm"] for name, seen in self.seen.items()}
        self.absent = [name for name in self.everyone if name not in self.seen]
        self.nodes, self.placed, self.refusals = {}, {}, []

    def learn(self, nodes):
        """Take in the swarm's nodes, as the manager that was asked sees them."""
        self.nodes = {node["id"]: node for node in nodes}
        self.owner = {
            state["node_id"]: name
            for name, state in self.states.items()
            if state["state"] == "active" and state["node_id"] in self.nodes
        }
        self.own = {name: self.nodes[node] for node, name in self.owner.items()}
        # Where a host that could not be asked was a member, its entry is not taken for anybody else's.
        kept = {self.addresses[name] for name in self.absent}
        self.old = {}
        for name in self.seen:
            self.old[name] = [
                node
                for node in nodes
                if node["id"] not in self.owner and node["address"] not in kept and self._was(name, node)
            ]
        taken = {node["id"] for entries in self.old.values() for node in entries}
        named = {str(name) for name in self.site.get("remove_dead", [])}
        self.named = [
            node
            for node in nodes
            if node["id"] not in self.owner and node["id"] not in taken and named & set(self.names_of(node))
        ]
        self.unknown_names = sorted(named - {name for node in self.named for name in self.names_of(node)})

    def names_of(self, node):
        """List what a person may call a node."""
        return [node["hostname"], node["address"], node["id"], *self._absent_at(node)]

    def _absent_at(self, node):
        return [name for name in self.absent if self.addresses[name] == node["address"]]

    def _was(self, name, node):
        """Tell whether an entry is what is left of an earlier life of a host."""
        if node["address"] == self.addresses[name]:
            return True
        others = {address for other, address in self.addresses.items() if other != name}
        same_name = node["hostname"] == self.seen[name]["system"]["hostname"]
        return same_name and node["state"] == "down" and node["address"] not in others

    def place_volumes(self):
        """Choose a node for each volume of the stack that has none yet."""
        active = [name for name in self.members if name in self.seen and self.availability(name) == "active"]
        # A host that holds the stack's data from an earlier swarm comes first; workers are spared less than managers.
        active.sort(key=lambda name: (not self.data(name), name in self.managers))
        holders = [name for name in active if self.data(name)]
        if active:
            self.placed = stack.place_volumes(self.site.get("volumes", []), list(self.nodes.values()), active)
        if self.placed and len(holders) > 1:
            self.refusals.append(
                Problem(
                    code=Code.DATA_SEVERAL,
                    hosts=tuple(holders),
                    found="a volume of the stack from an earlier swarm on each, and no node labelled as its place",
                    expected="the data on one host",
                    fix=f"Remove those that nobody needs: docker volume rm {self.data(holders[0])[0]}",
                )
            )

    def data(self, name):
        """List the stack's volumes on a host that are not empty."""
        return [volume for volume, filled in self.seen[name]["volumes"].items() if filled]

    def availability(self, name):
        """Tell the availability that the inventory wants."""
        return self.wanted[name].get("availability") or "active"

    def is_manager(self, name):
        """Tell whether a host is a manager now."""
        return name in self.own and self.own[name]["role"] == "manager"

    def knows_registry(self, name):
        """Tell whether a host that is to go still has the registry's login or CA."""
        seen, wanted = self.seen[name], self.hosts[name]["wanted"].get("registry_former", {})
        files = [seen["files"][path] for path in wanted.get("files", {})]
        return bool(seen["engine"]) and (seen["credentials"] or any(files))

    def doomed(self):
        """List the entries that go because their host has another one or is named as dead."""
        return [node for entries in self.old.values() for node in entries] + self.named

    def others(self, name):
        """List the nodes that are no host's earlier life."""
        return [node for node in self.nodes.values() if node not in self.old[name]]

    def holds(self, node):
        """List the labels that pin the stack's volumes to a node."""
        return [label for label in self.site.get("volumes", []) if node["labels"].get(label) == "true"]
