"""Decide how the swarm's members become what the inventory says, one step after the other.

Two rules hold at every single step. A second swarm never begins: a host begins one only when every host was asked and
none is in any. A majority of the managers lives: dead managers lose their voice first, new ones come before old ones
go, and what would leave too few is refused with the arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..model.problem import Code, Problem
from ..stacks import stack
from . import labels
from .view import View

# The plays of a run that change members, in their order; steps of one phase go one by one, but for workers.
LEAVE = "docker swarm leave --force"
PHASES = ("swarm_first", "swarm_clear", "swarm_managers", "swarm_demote", "swarm_workers", "swarm_entries", "retire")


@dataclass(frozen=True)
class Step:
    """One step of a swarm towards the inventory.

    :ivar phase: one of ``PHASES``
    :ivar kind: ``begin``, ``join``, ``promote``, ``demote``, ``settle``, ``drain``, ``leave``, ``remove`` or ``forget``
    :ivar host: inventory name of the host that the step is about; for an entry that is no host's, the one that acts
    :ivar text: the step as a person would say it
    :ivar node: node ID, ``""`` for a host that is no member yet
    """

    phase: str
    kind: str
    host: str
    text: str
    node: str = ""


@dataclass
class Membership:
    """Decision about the swarm.

    :ivar cluster_id: the living swarm's ID, ``""`` when there is none yet
    :ivar via: inventory name of the manager that was asked and that others join through; the host that begins a swarm
    :ivar keeper: manager that stays one, and so acts once all managers are in place
    :ivar initialise: whether ``via`` begins a new swarm
    :ivar steps: list of ``Step``, in order
    :ivar settings: by inventory name: ``role``, ``availability`` (each ``None`` to leave it), ``labels`` to set and
        ``drop`` (labels to remove)
    :ivar problems: what forbids the run
    :ivar warnings: sentences that do not
    """

    cluster_id: str = ""
    via: str = ""
    keeper: str = ""
    initialise: bool = False
    steps: list = field(default_factory=list)
    settings: dict = field(default_factory=dict)
    problems: list = field(default_factory=list)
    warnings: list = field(default_factory=list)

    def has(self, host, kind):
        """Tell whether a host takes a step of this kind."""
        return any(step.host == host and step.kind == kind for step in self.steps)

    def dead(self):
        """List by phase the IDs of the dead nodes that lose their voice and their entry."""
        return {
            phase: [step.node for step in self.steps if step.phase == phase]
            for phase in ("swarm_clear", "swarm_entries")
        }


def decide(site, hosts, addresses):
    """Decide on membership.

    :param site: see ``plan.make_plan``
    :param hosts: dict of inventory name to the result of ``flotilla.swarm.observe``; without ``seen`` where the host
        could not be reached
    :param addresses: dict of inventory name to the address that other nodes use
    :return: ``Membership``
    """
    view = View(site, hosts, addresses)
    decision = Membership(problems=[*_unfinished(view), *labels.problems(view.members, hosts)])
    _find_swarm(view, decision)
    if decision.problems:
        return decision
    view.place_volumes()
    decision.steps = [
        *_begin(view, decision),
        *_clear(view, decision),
        *_managers(view, decision),
        *_demotions(view),
        *_workers(view, decision),
        *_entries(view, decision),
        *_retirements(view),
    ]
    decision.problems += [*_losses_of_quorum(view, decision), *view.refusals]
    decision.warnings += [*_even(len(site["managers"])), *_unknown_names(view)]
    return decision


def _unfinished(view):
    for name in view.removed:
        if name in view.states and view.states[name]["state"] == "stopped":
            yield Problem(
                code=Code.ENGINE_STOPPED,
                hosts=(name,),
                found="it is in removed, but its engine is stopped and cannot leave the swarm",
                expected="an engine that runs",
                fix=f"Run on {name}: systemctl start docker",
            )
    for name, state in view.states.items():
        if state["state"] in ("error", "locked", "pending"):
            yield Problem(
                code=Code.SWARM_UNCLEAR,
                hosts=(name,),
                found=f"an engine whose swarm is {state['state']} ({state['error'] or 'no reason given'})",
                expected="active or inactive",
                fix=f"See docker info and journalctl -u docker on {name}",
            )


def _find_swarm(view, decision):
    """Find the swarm of the inventory and who speaks for it, or decide that there is none."""
    active = [name for name, state in view.states.items() if state["state"] == "active"]
    clusters = {name: view.states[name]["cluster_id"] for name in active if view.states[name]["cluster_id"]}
    if len(set(clusters.values())) > 1:
        decision.problems.append(
            Problem(
                code=Code.SWARM_SEVERAL,
                hosts=tuple(clusters),
                found=", ".join(f"{name} in swarm {cluster}" for name, cluster in clusters.items()),
                expected="all managers in one swarm",
                fix=f"Choose one swarm; run on the others: {LEAVE}",
            )
        )
        return
    voices = [name for name in clusters if "nodes" in view.seen[name]]
    if not active:
        _no_swarm(view, decision)
    elif not voices:
        decision.problems.append(_speechless(view, active))
    else:
        stay = [name for name in voices if name in view.managers]
        decision.via = (stay or voices)[0]
        decision.cluster_id = clusters[decision.via]
        view.learn(view.seen[decision.via]["nodes"])
        decision.problems += _strangers(view, active, decision)
        decision.problems += _badly_named(view)
        coming = [name for name in view.managers if name in view.seen]
        decision.keeper = ([*stay, *coming] or [""])[0]
        if not decision.keeper:
            decision.problems.append(
                Problem(
                    code=Code.MANAGERS_UNREACHABLE,
                    hosts=tuple(view.managers),
                    found=f"none could be reached; {decision.via} answers for the swarm, but is to be no manager",
                    expected="at least one manager of the inventory",
                    fix="Bring one back, or put another host into group managers",
                )
            )


def _no_swarm(view, decision):
    lacking = view.absent
    if lacking:
        decision.problems.append(
            Problem(
                code=Code.SWARM_UNKNOWN,
                hosts=tuple(lacking),
                found="could not be reached and may be in a swarm; no other host is in one",
                expected="an answer of every host before a new swarm is created",
                fix="Bring them back, or take them out of the inventory",
            )
        )
        return
    view.learn([])
    decision.via = decision.keeper = view.managers[0]
    decision.initialise = True


def _speechless(view, active):
    """Say why no manager can answer for a swarm that is there."""
    mute = [name for name in active if view.states[name]["manager"]]
    if not mute:
        return Problem(
            code=Code.SWARM_WITHOUT_MANAGER,
            hosts=tuple(active),
            found="in a swarm, of which no host of the inventory is a manager",
            expected="a manager of that swarm in group managers",
            fix=f"Put one into group managers, or run on each: {LEAVE}",
        )
    managers = [name for name in view.everyone if name in mute or (name in view.absent and name in view.managers)]
    lost = [name for name in managers if name not in mute]
    away = f"; {', '.join(lost)} could not be reached" if lost else ""
    return Problem(
        code=Code.SWARM_WITHOUT_QUORUM,
        hosts=tuple(managers),
        found=f"{len(mute)} of {len(managers)} managers {'answer' if len(mute) > 1 else 'answers'} "
        f"({', '.join(mute)}){away}",
        expected=f"a majority, {majority(len(managers))}; until then nothing can be changed, and running tasks go on",
        fix="Bring managers back",
    )


def _strangers(view, active, decision):
    for name in active:
        if name not in view.own and name in view.members:
            yield Problem(
                code=Code.SWARM_OTHER,
                hosts=(name,),
                found=f"in another swarm than {decision.via} ({decision.cluster_id}), or its node there was removed",
                expected="the swarm of the inventory",
                fix=f"Run on {name}: {LEAVE}; then run again",
            )


def _badly_named(view):
    """Check what the user named as dead."""
    for node in view.named:
        hosts = [name for name in view.members if view.addresses[name] == node["address"]]
        if node["state"] != "down":
            yield Problem(
                code=Code.DEAD_NODE_ALIVE,
                where="swarm_remove_dead",
                found=f"{node['hostname']}, whose node is {node['state']}",
                expected="a node that is down",
                fix="Retire a living host by moving it to group removed",
            )
        elif hosts:
            yield Problem(
                code=Code.DEAD_NODE_IS_HOST,
                where="swarm_remove_dead",
                found=f"{node['hostname']}, which is {hosts[0]} of the inventory",
                expected="a node of no host of the inventory",
                fix=f"Take {hosts[0]} out of managers and workers first, or bring it back",
            )
        elif view.holds(node):
            yield _keeps_data(node["hostname"], view.holds(node), "swarm_remove_dead names it")


def _begin(view, decision):
    if decision.initialise:
        yield Step("swarm_first", "begin", decision.via, "begin a new swarm")
        yield from _settle(view, decision, decision.via, "swarm_first")


def _clear(view, decision):
    """Take the voice of managers that are dead for good: it counts against the majority."""
    for node in view.doomed():
        if node["role"] == "manager":
            text = f"demote {node['hostname']}, a dead manager ({node['id']})"
            yield Step("swarm_clear", "demote", decision.via, text, node["id"])


def _managers(view, decision):
    for name in view.managers:
        if name not in view.seen or (decision.initialise and name == decision.via):
            continue
        if name not in view.own:
            yield Step("swarm_managers", "join", name, f"join as manager through {decision.via}")
        elif not view.is_manager(name):
            yield Step("swarm_managers", "promote", name, "promote to manager", view.own[name]["id"])
        yield from _settle(view, decision, name, "swarm_managers")


def _demotions(view):
    for name in view.workers:
        if view.is_manager(name):
            yield Step("swarm_demote", "demote", name, "demote to worker", view.own[name]["id"])


def _workers(view, decision):
    for name in view.workers:
        if name in view.seen:
            if name not in view.own:
                yield Step("swarm_workers", "join", name, f"join as worker through {decision.keeper}")
            yield from _settle(view, decision, name, "swarm_workers")


def _settle(view, decision, name, phase):
    """Set labels and availability of a member as the inventory says."""
    node, wanted = view.own.get(name), view.wanted[name]
    found = node["availability"] if node else "active"
    availability = view.availability(name)
    volumes, current = view.placed.get(name, {}), node["labels"] if node else {}
    kept = labels.inherit(view.old[name], view.others(name), view.site.get("volumes", []))
    kept = {label: value for label, value in kept.items() if label not in current}
    change = labels.compare(current, wanted.get("node_labels") or {}, {**kept, **volumes})
    decision.settings[name] = {
        "role": "manager" if node and name in view.managers and node["role"] != "manager" else None,
        "availability": availability if availability != found else None,
        "labels": change.add,
        "drop": change.drop,
    }
    texts = list(change.texts)
    if availability != found:
        texts.append(f"set availability {availability} (found {found})")
    pinned = [label for label in view.site.get("volumes", []) if {**current, **change.add}.get(label) == "true"]
    if availability == "drain" and pinned:
        view.refusals.append(_keeps_data(name, pinned, "swarm_availability is drain"))
    for text in texts:
        yield Step(phase, "settle", name, text, node["id"] if node else "")


def _entries(view, decision):
    """Remove the entries of the dead, once their labels are with their hosts' new ones."""
    for name in view.removed:
        for node in view.old.get(name, ()):
            if view.holds(node):
                view.refusals.append(_keeps_data(name, view.holds(node), "it is in group removed"))
    for node in view.doomed():
        text = f"remove the dead entry of {node['hostname']} ({node['id']})"
        yield Step("swarm_entries", "remove", decision.keeper, text, node["id"])


def _retirements(view):
    """Let the hosts of group removed go: empty first, then out."""
    if not view.site.get("retire", True):
        return
    for name in view.removed:
        node = view.own.get(name)
        if node:
            yield from _retire(view, name, node)
        if name in view.seen and view.knows_registry(name):
            yield Step("retire", "forget", name, "forget the registry: login and CA")


def _retire(view, name, node):
    if view.holds(node):
        view.refusals.append(_keeps_data(name, view.holds(node), "it is in group removed"))
    yield Step("retire", "drain", name, "drain it, and see its tasks run elsewhere", node["id"])
    if node["role"] == "manager":
        yield Step("retire", "demote", name, "demote to worker", node["id"])
    yield Step("retire", "leave", name, "leave the swarm", node["id"])
    yield Step("retire", "remove", name, "remove its entry", node["id"])


def _keeps_data(name, pinned, reason):
    volumes = ", ".join(label.removeprefix(stack.VOLUME_PREFIX) for label in pinned)
    return Problem(
        code=Code.NODE_HAS_DATA,
        hosts=(name,),
        found=f"it has the data of {volumes} (label {', '.join(pinned)}), and {reason}",
        expected="the data on a node that stays",
        fix='Move data and label to another node first, see "Move Redis to another host" in docs/operations.md',
    )


def majority(count):
    """Return how many of so many managers must live (Raft)."""
    return count // 2 + 1


def loss_of_majority(nodes, leaving):
    """Tell whether managers may go now, whatever has become of the others since the plan was made.

    :param nodes: nodes as a manager sees them
    :param leaving: IDs of the managers that are about to be demoted
    :return: ``None``, or the problem that forbids it
    """
    staying = [node for node in nodes if node["role"] == "manager" and node["id"] not in leaving]
    dead = [node["hostname"] for node in staying if node["reachability"] != "reachable"]
    if len(staying) - len(dead) >= majority(len(staying)):
        return None
    return _at_risk(
        "this demotion", len(staying) - len(dead), len(staying), f"Bring {', '.join(dead) or 'a manager'} back"
    )


def _at_risk(step, alive, count, fix):
    return Problem(
        code=Code.MAJORITY_AT_RISK,
        found=f"{step} would leave {alive} of {count} managers alive",
        expected=f"a majority, {majority(count)}",
        fix=f"{fix}, then run again",
    )


def _losses_of_quorum(view, decision):
    """Count living managers over all steps; a manager that could not be asked counts as dead."""
    alive, names = _living_managers(view)
    for step in decision.steps:
        if step.kind in ("join", "promote") and step.phase == "swarm_managers":
            alive[step.node or step.host] = True
        elif step.kind == "demote":
            lived = alive.pop(step.node, False)
            living = sum(alive.values())
            if lived and living < majority(len(alive)):
                dead = ", ".join(names[node] for node, lives in alive.items() if not lives)
                fix = (
                    f"Bring {dead} back; or, if lost for good, take it out of the inventory and add "
                    "-e swarm_remove_dead=NAME"
                )
                yield _at_risk(f"{step.text} ({step.host})", living, len(alive), fix)
                return


def _living_managers(view):
    """Tell by node ID, or by name for a host that is to join, which managers live, and what people call them."""
    absent = {view.addresses[name]: name for name in view.absent}
    alive, names = {}, {}
    for node in view.nodes.values():
        if node["role"] == "manager":
            away = node["address"] in absent and node["id"] not in view.owner
            alive[node["id"]] = node["reachability"] == "reachable" and not away
            names[node["id"]] = absent.get(node["address"]) or view.owner.get(node["id"]) or node["hostname"]
    return alive, names


def _unknown_names(view):
    for name in view.unknown_names:
        yield f"swarm_remove_dead names {name}, but no dead node is called so; there is nothing to remove"


def _even(count):
    if count % 2 == 0:
        yield (
            f"{count} managers stand the loss of {count - majority(count)}, as {count - 1} would, since a majority of "
            f"{count} is {majority(count)}; {count + 1} would stand the loss of {count + 1 - majority(count + 1)}. "
            "An odd number is better: see group managers"
        )
