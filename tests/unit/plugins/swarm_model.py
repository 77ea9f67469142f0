"""A small model of a swarm: hosts, their engines, and what managers tell; and a planner's steps carried out on it."""

import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.phase import Phase
from ansible_collections.flotilla.swarm.plugins.plugin_utils.swarm import membership, quorum


class LostQuorum(AssertionError):
    """A step left fewer living managers than a majority."""


class Model:
    """Hosts by name, each with an engine that may be a member, and the swarm's nodes by ID.

    :ivar hosts: by inventory name: ``up`` (answers ssh), ``alive`` (its engine runs), ``node`` (ID, ``""`` for none)
    :ivar nodes: by ID, as a manager sees them
    """

    def __init__(self):
        self.hosts = {}
        self.nodes = {}
        self.numbers = iter(range(1, 1000))

    def add_host(self, name, role=None, up=True, alive=True, **changes):
        """Add a host; with a role it is a member."""
        number = len(self.hosts) + 1
        self.hosts[name] = {"up": up and alive, "alive": alive, "node": "", "address": f"10.0.0.{number}"}
        if role:
            self._join(name, role)
            self.nodes[self.hosts[name]["node"]].update(changes)
            self.refresh()

    def add_entry(self, name, role, address="10.0.9.9", **changes):
        """Add an entry whose engine is gone."""
        number = next(self.numbers)
        self.nodes[f"node-{number}"] = sites.node(number, role, hostname=name, address=address, leader=False, **changes)
        self.refresh()

    def wipe(self, name):
        """Reinstall a host under its name and address."""
        self.hosts[name].update(node="", up=True, alive=True)
        self.refresh()

    def _join(self, name, role):
        number = next(self.numbers)
        host = self.hosts[name]
        host["node"] = f"node-{number}"
        self.nodes[host["node"]] = sites.node(number, role, hostname=name, address=host["address"], leader=False)
        self.refresh()

    def lives(self, node):
        """Tell whether an engine lives behind a node."""
        return any(host["node"] == node and host["alive"] for host in self.hosts.values())

    def refresh(self):
        """Let managers notice who lives."""
        for ident, node in self.nodes.items():
            node["state"] = "ready" if self.lives(ident) else "down"
            alive = "reachable" if self.lives(ident) else "unreachable"
            node["reachability"] = alive if node["role"] == "manager" else ""

    def votes(self):
        """Return how many managers live, and how many there are."""
        managers = [ident for ident, node in self.nodes.items() if node["role"] == "manager"]
        return sum(map(self.lives, managers)), len(managers)

    def has_quorum(self):
        """Tell whether a majority of the managers lives."""
        alive, count = self.votes()
        return alive > count / 2

    def observe(self, site, desired):
        """Observe the hosts of an inventory, as ``flotilla.swarm.observe`` does."""
        return {
            name: self._observe(name, desired.get(name, {}))
            for name in (*site["managers"], *site["workers"], *site["retire"])
        }

    def _observe(self, name, desired):
        host = self.hosts[name]
        question = sites.desired(host["address"])
        question["swarm"] |= desired
        if not host["up"]:
            return {"desired": question, "unreachable": "no answer"}
        observed = sites.bare(host["address"])
        observed["system"]["hostname"] = name
        if host["node"]:
            node = self.nodes.get(host["node"], {"role": "worker"})
            manager = node["role"] == "manager"
            observed["swarm"].update(state="active", node_id=host["node"], address=host["address"], manager=manager)
            if manager and self.has_quorum():
                observed["nodes"] = [dict(node, labels=dict(node["labels"])) for node in self.nodes.values()]
                observed["swarm"]["cluster_id"] = "cluster-1"
        return {"desired": question, "observation": observed}

    def decide(self, site, desired):
        """Let the planner decide."""
        hosts = sites.read_hosts(self.observe(site, desired))
        addresses = {name: self.hosts[name]["address"] for name in hosts}
        return membership.decide(sites.read_site(site), hosts, addresses, site.get("volumes", []))

    def carry_out(self, decision):
        """Do the steps one by one, and count living managers after each."""
        order = [[*Phase].index(step.phase) for step in decision.steps]
        assert order == sorted(order), "the plays of a run would do these steps in another order"
        for step in decision.steps:
            self._do(step, decision)
            self.refresh()
            if not self.has_quorum():
                raise LostQuorum(f"{step}: {self.votes()}")

    def carry_out_while_hosts_die(self, decision, deaths):
        """Do the steps as far as a run does them: lost hosts are left out, and a lost speaker or a guard ends it.

        :param deaths: by number of a step, the host that dies right before it
        """
        for number, step in enumerate(decision.steps):
            if deaths.get(number) in self.hosts:
                self.hosts[deaths[number]].update(up=False, alive=False)
                self.refresh()
            speakers = {name for name in (decision.join_manager, decision.deploy_manager) if name}
            if not self.has_quorum() or not all(self.hosts[name]["up"] for name in speakers):
                return
            if step.kind == "demote" and quorum.loss_of_majority(sites.nodes(*self.nodes.values()), [step.node]):
                return
            if self.hosts[step.host]["up"]:
                self._do(step, decision)
                self.refresh()
                if not self.has_quorum():
                    raise LostQuorum(f"{step}: {self.votes()}")

    def _do(self, step, decision):
        host, node = self.hosts[step.host], self.nodes.get(step.node)
        match step.kind:
            case "create":
                assert not self.nodes, "there is a swarm already"
                self._join(step.host, "manager")
            case "join":
                early = step.phase == Phase.JOIN_MANAGERS
                assert self._can_speak(decision.join_manager if early else decision.deploy_manager)
                assert not host["node"]
                self._join(step.host, "manager" if early else "worker")
            case "promote":
                assert self._can_speak(decision.join_manager)
                node["role"] = "manager"
            case "demote":
                actor = decision.join_manager if step.phase == Phase.DEMOTE_DEAD_MANAGERS else decision.deploy_manager
                assert self._can_speak(actor) and self.hosts[actor]["node"] != step.node
                node["role"] = "worker"
            case "configure":
                assert self._can_speak(
                    decision.deploy_manager if step.phase == Phase.JOIN_WORKERS else decision.join_manager
                )
                settings, own = decision.settings[step.host], self.nodes[host["node"]]
                own["labels"] |= settings.labels.add
                for label in settings.labels.drop:
                    own["labels"].pop(label, None)
                own["availability"] = settings.availability or own["availability"]
            case "drain":
                node["availability"] = "drain"
            case "leave":
                assert node["role"] == "worker" and node["availability"] == "drain"
                host["node"] = ""
            case "remove":
                assert self._can_speak(decision.deploy_manager)
                assert node["role"] == "worker" and node["state"] == "down"
                del self.nodes[step.node]
            case "log out":
                pass
            case _:
                raise AssertionError(f"unknown step {step}")

    def _can_speak(self, name):
        node = self.nodes.get(self.hosts[name]["node"])
        return self.hosts[name]["up"] and node and node["role"] == "manager"
