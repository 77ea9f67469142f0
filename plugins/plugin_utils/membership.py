"""Decide who begins the swarm and who joins it.

A second swarm must never begin by mistake: a host begins one only when every host was asked and none is in any.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Membership:
    """Decision about the swarm.

    :ivar cluster_id: the living swarm's ID, ``""`` when there is none yet
    :ivar via: inventory name of the manager that others join through; with ``initialise`` the host that begins
    :ivar initialise: whether ``via`` begins a new swarm
    :ivar joining: inventory names of the hosts that join, managers before workers
    :ivar problems: sentences that forbid the run
    """

    cluster_id: str = ""
    via: str = ""
    initialise: bool = False
    joining: list = field(default_factory=list)
    problems: list = field(default_factory=list)


def decide(managers, workers, seen):
    """Decide on membership.

    :param managers: inventory names, in order
    :param workers: inventory names, in order
    :param seen: dict of inventory name to ``seen`` of ``flotilla.swarm.observe``
    :return: ``Membership``
    """
    states = {name: seen[name]["swarm"] for name in [*managers, *workers]}
    clusters = {
        name: states[name]["cluster_id"]
        for name in managers
        if states[name]["state"] == "active" and states[name]["cluster_id"]
    }
    decision = Membership(problems=list(_unfinished(states)))
    if len(set(clusters.values())) > 1:
        found = ", ".join(f"{name} is in {cluster}" for name, cluster in clusters.items())
        decision.problems.append(
            f"the managers are in different swarms: {found}; choose one, and let the others leave it by hand "
            "(docker swarm leave --force)"
        )
        return decision
    joined = [name for name, state in states.items() if state["state"] == "active"]
    voices = [name for name in clusters if "nodes" in seen[name]]
    if voices:
        decision.via = voices[0]
        decision.cluster_id = clusters[voices[0]]
        decision.problems += _strangers(joined, states, seen[voices[0]]["nodes"], decision)
        decision.problems += _changed_roles(managers, workers, states, seen[voices[0]]["nodes"])
    elif joined:
        decision.problems.append(
            f"{', '.join(joined)} in a swarm, but no manager of the inventory can speak for it; bring a manager of "
            "that swarm into group managers, or let the hosts leave it by hand (docker swarm leave --force)"
        )
        return decision
    else:
        decision.via, decision.initialise = managers[0], True
    decision.joining = [name for name in states if name not in joined and name != decision.via]
    return decision


def _unfinished(states):
    for name, state in states.items():
        if state["state"] in ("error", "locked", "pending"):
            yield f"{name}: its engine says {state['state']} about its swarm ({state['error'] or 'no reason given'})"


def _changed_roles(managers, workers, states, nodes):
    roles = {node["id"]: node["role"] for node in nodes}
    for name in [*managers, *workers]:
        wanted, found = "manager" if name in managers else "worker", roles.get(states[name]["node_id"])
        if found not in (None, wanted):
            verb = "promote" if wanted == "manager" else "demote"
            yield (
                f"{name} is a {found} of the swarm, the inventory wants a {wanted}; "
                f"change it by hand (docker node {verb}), or put the host back into group {found}s"
            )


def _strangers(joined, states, nodes, decision):
    members = {node["id"] for node in nodes}
    for name in joined:
        if states[name]["node_id"] not in members:
            yield (
                f"{name} is in another swarm than {decision.via} ({decision.cluster_id}); let it leave that one by "
                "hand (docker swarm leave --force) and run again"
            )
