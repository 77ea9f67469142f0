"""Decide how the swarm's members become what the inventory says, one step after the other.

Two rules hold at every single step. A second swarm is never created: a host creates one only when every host was asked
and none is in any. A majority of the managers lives: dead managers are demoted first, new ones come before old ones go,
and what would leave too few is refused with the arithmetic.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ...module_utils.observation.swarm import Node
from ..model.observation import Host
from ..model.phase import Phase
from ..model.problem import Code, Problem
from ..model.site import Site
from ..stacks.file import VOLUME_PREFIX
from ..stacks.state import place_volumes
from . import labels
from .view import View, compare

LEAVE = "docker swarm leave --force"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a swarm towards the inventory.

    :ivar kind: ``create``, ``join``, ``promote``, ``demote``, ``configure``, ``drain``, ``leave``, ``remove`` or
        ``log out``
    :ivar host: inventory name of the host that the step is about; for an entry that is no host's, the one that acts
    :ivar text: the step as a person would say it
    :ivar node: node ID, ``""`` for a host that is no member yet
    """

    phase: Phase
    kind: str
    host: str
    text: str
    node: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeChange:
    """What to set on a node.

    :ivar role: ``None`` to leave it, as with ``availability``
    :ivar texts: the same as a person would say it
    """

    role: str | None
    availability: str | None
    labels: labels.LabelChange
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerers:
    """Who answers for the swarm.

    :ivar join_manager: inventory name of the manager that was asked and that others join through; the host that creates
        a swarm
    :ivar deploy_manager: manager that stays one, and so acts once all managers are in place
    :ivar cluster_id: the living swarm's ID, ``""`` when there is none yet
    :ivar creates: whether ``join_manager`` creates a new swarm
    """

    join_manager: str = ""
    deploy_manager: str = ""
    cluster_id: str = ""
    creates: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Decision about the swarm; for ``join_manager``, ``deploy_manager`` and ``creates`` see ``Answerers``.

    :ivar steps: in order
    :ivar settings: by inventory name
    :ivar problems: what forbids the run
    :ivar warnings: sentences about what does not
    """

    join_manager: str = ""
    deploy_manager: str = ""
    creates: bool = False
    steps: tuple[Step, ...] = ()
    settings: Mapping[str, NodeChange] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()

    def of(self, host: str) -> list[Step]:
        """Return the steps of a host."""
        return [step for step in self.steps if step.host == host]

    def nodes_of(self, phase: Phase) -> tuple[str, ...]:
        """Return the IDs of the nodes that a phase is about."""
        return tuple(step.node for step in self.steps if step.phase is phase)

    @property
    def labels(self) -> dict[str, Mapping[str, str]]:
        """Return the labels that hosts will get."""
        return {name: change.labels.add for name, change in self.settings.items()}


def decide(
    site: Site,
    hosts: Mapping[str, Host],
    addresses: Mapping[str, str],
    pinning: Sequence[str] = (),
    retire: bool = True,
) -> Membership:
    """Decide what the swarm's members have to do.

    :param addresses: by inventory name, the address that other nodes use
    :param pinning: labels that pin the stack's volumes
    :param retire: whether hosts of group removed may leave now
    """
    view = compare(site, hosts, addresses, pinning, ())
    problems = [*labels.problems({name: view.desired[name] for name in site.members}), *_unfinished(view)]
    found = _find_swarm(view)
    if isinstance(found, Problem):
        return Membership(problems=(*problems, found))
    if found.cluster_id:
        view = compare(site, hosts, addresses, pinning, view.seen[found.join_manager].nodes or ())
        problems += [*_strangers(view, found), *_badly_named(view), *_without_deploy_manager(view, found)]
    if problems:
        return Membership(
            join_manager=found.join_manager,
            deploy_manager=found.deploy_manager,
            creates=found.creates,
            problems=tuple(problems),
        )
    placed = _place_volumes(view)
    settings = {name: _node_change(view, name, placed.get(name, {})) for name in site.members if name in view.seen}
    steps = [
        *_create(found, settings),
        *_clear(view, found),
        *_managers(view, found, settings),
        *_demotions(view),
        *_workers(view, found, settings),
        *_entries(view, found),
        *(_retirements(view) if retire else ()),
    ]
    return Membership(
        join_manager=found.join_manager,
        deploy_manager=found.deploy_manager,
        creates=found.creates,
        steps=tuple(steps),
        settings=settings,
        problems=(
            *_losses_of_quorum(view, steps),
            *(_several_have_data(view) if placed else ()),
            *_data_that_would_go(view, settings, retire),
        ),
        warnings=(*_even(len(site.managers)), *_unknown_names(view)),
    )


def _unfinished(view: View) -> Iterator[Problem]:
    for name in view.site.removed:
        if name in view.seen and view.seen[name].swarm.state == "stopped":
            yield Problem(
                code=Code.ENGINE_STOPPED,
                hosts=(name,),
                found="it is in removed, but its engine is stopped and cannot leave the swarm",
                expected="an engine that runs",
                fix=f"Run on {name}: systemctl start docker",
            )
    for name, seen in view.seen.items():
        if seen.swarm.state in ("error", "locked", "pending"):
            yield Problem(
                code=Code.SWARM_UNCLEAR,
                hosts=(name,),
                found=f"an engine whose swarm is {seen.swarm.state} ({seen.swarm.error or 'no reason given'})",
                expected="active or inactive",
                fix=f"See docker info and journalctl -u docker on {name}",
            )


def _find_swarm(view: View) -> Answerers | Problem:
    """Find the swarm of the inventory and who answers for it, or decide that there is none."""
    active = [name for name, seen in view.seen.items() if seen.swarm.is_member]
    clusters = {name: view.seen[name].swarm.cluster_id for name in active if view.seen[name].swarm.cluster_id}
    if len(set(clusters.values())) > 1:
        return Problem(
            code=Code.SWARM_SEVERAL,
            hosts=tuple(clusters),
            found=", ".join(f"{name} in swarm {cluster}" for name, cluster in clusters.items()),
            expected="all managers in one swarm",
            fix=f"Choose one swarm; run on the others: {LEAVE}",
        )
    answering = [name for name in clusters if view.seen[name].nodes is not None]
    if not active:
        return _no_swarm(view)
    if not answering:
        return _no_answer(view, active)
    stay = [name for name in answering if name in view.site.managers]
    coming = [name for name in view.site.managers if name in view.seen]
    manager = (stay or answering)[0]
    return Answerers(join_manager=manager, deploy_manager=([*stay, *coming] or [""])[0], cluster_id=clusters[manager])


def _without_deploy_manager(view: View, found: Answerers) -> Iterator[Problem]:
    if not found.deploy_manager:
        yield Problem(
            code=Code.MANAGERS_UNREACHABLE,
            hosts=view.site.managers,
            found=f"none could be reached; {found.join_manager} answers for the swarm, but is to be no manager",
            expected="at least one manager of the inventory",
            fix="Bring one back, or put another host into group managers",
        )


def _no_swarm(view: View) -> Answerers | Problem:
    if view.unreachable:
        return Problem(
            code=Code.SWARM_UNKNOWN,
            hosts=tuple(view.unreachable),
            found="could not be reached and may be in a swarm; no other host is in one",
            expected="an answer of every host before a new swarm is created",
            fix="Bring them back, or take them out of the inventory",
        )
    return Answerers(join_manager=view.site.managers[0], deploy_manager=view.site.managers[0], creates=True)


def _no_answer(view: View, active: Sequence[str]) -> Problem:
    """Say why no manager can answer for a swarm that is there."""
    mute = [name for name in active if view.seen[name].swarm.manager]
    if not mute:
        return Problem(
            code=Code.SWARM_WITHOUT_MANAGER,
            hosts=tuple(active),
            found="in a swarm, of which no host of the inventory is a manager",
            expected="a manager of that swarm in group managers",
            fix=f"Put one into group managers, or run on each: {LEAVE}",
        )
    lost = [name for name in view.unreachable if name in view.site.managers]
    managers = [name for name in view.everyone if name in mute or name in lost]
    away = f"; {', '.join(lost)} could not be reached" if lost else ""
    return Problem(
        code=Code.SWARM_WITHOUT_QUORUM,
        hosts=tuple(managers),
        found=f"{len(mute)} of {len(managers)} managers {'answer' if len(mute) > 1 else 'answers'} "
        f"({', '.join(mute)}){away}",
        expected=f"a majority, {majority(len(managers))}; until then nothing can be changed, and running tasks go on",
        fix="Bring managers back",
    )


def _strangers(view: View, found: Answerers) -> Iterator[Problem]:
    for name in view.site.members:
        if name in view.seen and view.seen[name].swarm.is_member and name not in view.own:
            yield Problem(
                code=Code.SWARM_OTHER,
                hosts=(name,),
                found=f"in another swarm than {found.join_manager} ({found.cluster_id}), or its node there was removed",
                expected="the swarm of the inventory",
                fix=f"Run on {name}: {LEAVE}; then run again",
            )


def _badly_named(view: View) -> Iterator[Problem]:
    """Check what the user named as dead."""
    for node in view.named:
        hosts = [name for name in view.site.members if view.addresses[name] == node.address]
        if node.state != "down":
            yield Problem(
                code=Code.DEAD_NODE_ALIVE,
                where="swarm_remove_dead",
                found=f"{node.hostname}, whose node is {node.state}",
                expected="a node that is down",
                fix="Retire a living host by moving it to group removed",
            )
        elif hosts:
            yield Problem(
                code=Code.DEAD_NODE_IS_HOST,
                where="swarm_remove_dead",
                found=f"{node.hostname}, which is {hosts[0]} of the inventory",
                expected="a node of no host of the inventory",
                fix=f"Take {hosts[0]} out of managers and workers first, or bring it back",
            )
        elif view.holds(node):
            yield _keeps_data(node.hostname, view.holds(node), "swarm_remove_dead names it")


def _place_volumes(view: View) -> dict[str, dict[str, str]]:
    """Choose a node for each volume of the stack that has none yet.

    A host that holds the stack's data from an earlier swarm comes first; workers are spared less than managers.
    """
    active = [name for name in view.site.members if name in view.seen and view.availability(name) == "active"]
    active.sort(key=lambda name: (not view.data(name), name in view.site.managers))
    return place_volumes(view.pinning, list(view.nodes.values()), active) if active else {}


def _several_have_data(view: View) -> Iterator[Problem]:
    active = [name for name in view.site.members if name in view.seen and view.availability(name) == "active"]
    holders = sorted((name for name in active if view.data(name)), key=lambda name: name in view.site.managers)
    if len(holders) > 1:
        yield Problem(
            code=Code.DATA_SEVERAL,
            hosts=tuple(holders),
            found="a volume of the stack from an earlier swarm on each, and no node labelled as its place",
            expected="the data on one host",
            fix=f"Remove those that nobody needs: docker volume rm {view.data(holders[0])[0]}",
        )


def _node_change(view: View, name: str, placed: Mapping[str, str]) -> NodeChange:
    """Compare labels and availability of a member with the inventory."""
    node = view.own.get(name)
    current = node.labels if node else {}
    inherited = labels.inherit(view.old[name], view.others(name), view.pinning)
    kept = {label: value for label, value in inherited.items() if label not in current}
    change = labels.compare(current, view.desired[name].labels, {**kept, **placed})
    found, availability = node.availability if node else "active", view.availability(name)
    moved = [f"set availability {availability} (found {found})"] if availability != found else []
    return NodeChange(
        role="manager" if node and name in view.site.managers and not node.is_manager else None,
        availability=availability if moved else None,
        labels=change,
        texts=(*change.texts, *moved),
    )


def _create(found: Answerers, settings: Mapping[str, NodeChange]) -> Iterator[Step]:
    if found.creates:
        yield Step(Phase.CREATE_SWARM, "create", found.join_manager, "create a new swarm")
        yield from _configure(found.join_manager, settings, Phase.CREATE_SWARM)


def _clear(view: View, found: Answerers) -> Iterator[Step]:
    """Demote managers that are dead for good: they count against the majority."""
    for node in view.doomed():
        if node.is_manager:
            yield Step(
                Phase.DEMOTE_DEAD_MANAGERS,
                "demote",
                found.join_manager,
                f"demote {node.hostname}, a dead manager ({node.id})",
                node.id,
            )


def _managers(view: View, found: Answerers, settings: Mapping[str, NodeChange]) -> Iterator[Step]:
    for name in view.site.managers:
        if name not in view.seen or (found.creates and name == found.join_manager):
            continue
        if name not in view.own:
            yield Step(Phase.JOIN_MANAGERS, "join", name, f"join as manager through {found.join_manager}")
        elif not view.is_manager(name):
            yield Step(Phase.JOIN_MANAGERS, "promote", name, "promote to manager", view.own[name].id)
        yield from _configure(name, settings, Phase.JOIN_MANAGERS, view.own.get(name))


def _demotions(view: View) -> Iterator[Step]:
    for name in view.site.workers:
        if view.is_manager(name):
            yield Step(Phase.DEMOTE_MANAGERS, "demote", name, "demote to worker", view.own[name].id)


def _workers(view: View, found: Answerers, settings: Mapping[str, NodeChange]) -> Iterator[Step]:
    for name in view.site.workers:
        if name in view.seen:
            if name not in view.own:
                yield Step(Phase.JOIN_WORKERS, "join", name, f"join as worker through {found.deploy_manager}")
            yield from _configure(name, settings, Phase.JOIN_WORKERS, view.own.get(name))


def _configure(name: str, settings: Mapping[str, NodeChange], phase: Phase, node: Node | None = None) -> Iterator[Step]:
    for text in settings[name].texts:
        yield Step(phase, "configure", name, text, node.id if node else "")


def _entries(view: View, found: Answerers) -> Iterator[Step]:
    """Remove the entries of the dead, once their labels are with their hosts' new ones."""
    for node in view.doomed():
        text = f"remove the dead entry of {node.hostname} ({node.id})"
        yield Step(Phase.REMOVE_DEAD_NODES, "remove", found.deploy_manager, text, node.id)


def _retirements(view: View) -> Iterator[Step]:
    """Let the hosts of group removed go: empty first, then out."""
    for name in view.site.removed:
        node = view.own.get(name)
        if node:
            yield Step(Phase.RETIRE, "drain", name, "drain it, and see its tasks run elsewhere", node.id)
            if node.is_manager:
                yield Step(Phase.RETIRE, "demote", name, "demote to worker", node.id)
            yield Step(Phase.RETIRE, "leave", name, "leave the swarm", node.id)
            yield Step(Phase.RETIRE, "remove", name, "remove its entry", node.id)
        if name in view.seen and view.has_registry(name):
            yield Step(Phase.LOG_OUT, "log out", name, "log out of the registry and remove its CA")


def _data_that_would_go(view: View, settings: Mapping[str, NodeChange], retire: bool) -> Iterator[Problem]:
    """Refuse to drain or to remove a node that has the stack's data."""
    for name, change in settings.items():
        now = {**(view.own[name].labels if name in view.own else {}), **change.labels.add}
        pinned = [label for label in view.pinning if now.get(label) == "true"]
        if pinned and view.availability(name) == "drain":
            yield _keeps_data(name, pinned, "swarm_availability is drain")
    for name in view.site.removed:
        leaving = [view.own[name]] if retire and name in view.own else []
        for node in [*view.old.get(name, ()), *leaving]:
            if view.holds(node):
                yield _keeps_data(name, view.holds(node), "it is in group removed")


def _keeps_data(name: str, pinned: Sequence[str], reason: str) -> Problem:
    volumes = ", ".join(label.removeprefix(VOLUME_PREFIX) for label in pinned)
    return Problem(
        code=Code.NODE_HAS_DATA,
        hosts=(name,),
        found=f"it has the data of {volumes} (label {', '.join(pinned)}), and {reason}",
        expected="the data on a node that stays",
        fix='Move data and label to another node first, see "Move Redis to another host" in docs/operations.md',
    )


def majority(count: int) -> int:
    """Return how many of so many managers must live (Raft)."""
    return count // 2 + 1


def loss_of_majority(nodes: Iterable[Node], leaving: Collection[str]) -> Problem | None:
    """Tell whether managers may go now, whatever has become of the others since the plan was made.

    :param nodes: as a manager sees them
    :param leaving: IDs of the managers that are about to be demoted
    :return: what forbids it
    """
    staying = [node for node in nodes if node.is_manager and node.id not in leaving]
    dead = [node.hostname for node in staying if node.reachability != "reachable"]
    alive = len(staying) - len(dead)
    if alive >= majority(len(staying)):
        return None
    return _at_risk("this demotion", alive, len(staying), f"Bring {', '.join(dead) or 'a manager'} back")


def _at_risk(step: str, alive: int, count: int, fix: str) -> Problem:
    return Problem(
        code=Code.MAJORITY_AT_RISK,
        found=f"{step} would leave {alive} of {count} managers alive",
        expected=f"a majority, {majority(count)}",
        fix=f"{fix}, then run again",
    )


def _losses_of_quorum(view: View, steps: Sequence[Step]) -> Iterator[Problem]:
    """Count living managers over all steps; a manager that could not be asked counts as dead."""
    alive, names = _living_managers(view)
    for step in steps:
        if step.kind in ("join", "promote") and step.phase == Phase.JOIN_MANAGERS:
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


def _living_managers(view: View) -> tuple[dict[str, bool], dict[str, str]]:
    """Tell by node ID, or by name for a host that is to join, which managers live, and what people call them."""
    away = {view.addresses[name]: name for name in view.unreachable}
    managers = [node for node in view.nodes.values() if node.is_manager]
    alive = {
        node.id: node.reachability == "reachable" and not (node.address in away and node.id not in view.owner)
        for node in managers
    }
    return alive, {node.id: away.get(node.address) or view.owner.get(node.id) or node.hostname for node in managers}


def _unknown_names(view: View) -> Iterator[str]:
    for name in view.unknown_names:
        yield f"swarm_remove_dead names {name}, but no dead node is called so; there is nothing to remove"


def _even(count: int) -> Iterator[str]:
    if count % 2 == 0:
        yield (
            f"{count} managers stand the loss of {count - majority(count)}, as {count - 1} would, since a majority of "
            f"{count} is {majority(count)}; {count + 1} would stand the loss of {count + 1 - majority(count + 1)}. "
            "An odd number is better: see group managers"
        )
