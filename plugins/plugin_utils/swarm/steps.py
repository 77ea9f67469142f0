"""List the steps of a swarm towards the inventory, in an order in which a majority of the managers lives.

Dead managers are demoted first, and new ones come before old ones go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...module_utils.observation.swarm import Node
from ..model.phase import Phase
from ..model.problem import Problem
from . import labels
from .answerers import Answerers
from .quorum import at_risk, majority
from .view import View


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


def list_steps(view: View, found: Answerers, settings: Mapping[str, NodeChange], retire: bool) -> tuple[Step, ...]:
    """List all steps, in their order.

    :param settings: by inventory name
    :param retire: whether hosts of group retire may leave now
    """
    return (
        *_create(found, settings),
        *_clear(view, found),
        *_managers(view, found, settings),
        *_demotions(view),
        *_workers(view, found, settings),
        *_entries(view, found),
        *(_retirements(view) if retire else ()),
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
        if name not in view.observed or (found.creates and name == found.join_manager):
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
        if name in view.observed:
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
    """Let the hosts of group retire go: empty first, then out."""
    for name in view.site.retire:
        node = view.own.get(name)
        if node:
            yield Step(Phase.RETIRE, "drain", name, "drain it, and see its tasks run elsewhere", node.id)
            if node.is_manager:
                yield Step(Phase.RETIRE, "demote", name, "demote to worker", node.id)
            yield Step(Phase.RETIRE, "leave", name, "leave the swarm", node.id)
            yield Step(Phase.RETIRE, "remove", name, "remove its entry", node.id)
        if name in view.observed and view.has_registry(name):
            yield Step(Phase.LOG_OUT, "log out", name, "log out of the registry and remove its CA")


def losses_of_quorum(view: View, steps: Sequence[Step]) -> Iterator[Problem]:
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
                yield at_risk(f"{step.text} ({step.host})", living, len(alive), fix)
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
