"""Plan how hosts are changed without a lost request: what is kept off each meanwhile, and who serves its visitors.

Its tasks are moved to other nodes, each successor healthy before it goes, by a constraint that the service has for so
long; a node that only drains ends tasks first. What a killed run leaves of this is put back, see ``put_back``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import islice

from ...module_utils.observation import Observed
from ...module_utils.observation.swarm import Node
from ..model.intent import Intent
from ..model.problem import Code, Problem
from ..stacks.file import StackFile
from ..swarm.quorum import loss_while_away
from . import moves
from .arguments.common import Page
from .arguments.docker import Batches, Move, Turn
from .situation import Situation

# So many hosts of a site are not lost at once.
STAND_INS = 10
FINISH = "finish the interrupted installation of {}"


def batches(now: Situation, names: Collection[str]) -> Batches:
    """Put the hosts of a rolling change in order: what one engine does not survive then reaches no more than a worker.

    :param names: inventory names
    :return: workers, those without data first, then managers, the leader last; the first worker alone, and the next
        ones together as far as the site's batch size goes and the others have room
    """
    nodes = {node.id: node for node in moves.nodes(now)}

    def rank(name: str) -> tuple[bool, bool, bool]:
        node = nodes.get(now.observed[name].swarm.node_id)
        return name in now.site.managers, bool(node and node.leader), _has_data(now, name)

    found: list[tuple[str, ...]] = []
    for name in sorted((name for name in now.hosts if name in names), key=rank):
        together = (*found[-1], name) if len(found) > 1 else ()
        if together and len(together) <= now.site.batch.size(len(now.site.workers)) and _together(now, together):
            found[-1] = together
        else:
            found.append((name,))
    return tuple(found)


def _has_data(now: Situation, name: str) -> bool:
    return any(any(volumes.values()) for volumes in now.observed[name].volumes.values())


def _together(now: Situation, names: Collection[str]) -> bool:
    """Tell whether hosts can be changed at the same time: workers without data, for whose tasks the others have room.

    Of a service that reserves resources, prefers nodes or limits its tasks on each, Swarm alone judges where there is
    room: its hosts are changed singly.
    """
    away = [node for name in names if (node := moves.node_of(now, name))]
    if len(away) < len(names) or any(name in now.site.managers or _has_data(now, name) for name in names):
        return False
    rest = moves.others(now, {node.id for node in away})
    singly = [moves.others(now, {node.id}) for node in away]
    return len(rest) >= len(away) and not any(
        service.live.has_wishes or service.stays(rest)
        for service in moves.services(now)
        if not all(service.stays(others) for others in singly)
    )


def plan_turn(now: Situation, name: str, order: Batches, files: Mapping[str, StackFile]) -> Turn:
    """Plan what surrounds the change of a host; nothing is moved, and nobody led elsewhere, where there is no other.

    :param order: of all hosts that are changed
    :param files: by stack, whose pages the host must answer afterwards
    """
    node, pages = moves.node_of(now, name), _pages(now, now.observed[name], files)
    if not node:
        return Turn(order=order, pages=pages, lock=_lock(now))
    manager = name if node.is_manager else moves.asked(now)[0]
    batch = next(each for each in order if name in each)
    others = moves.others(now, {now.observed[each].swarm.node_id for each in batch})
    moved = tuple(
        Move(stack=service.stack, service=service.name, timeout=service.timeout)
        for service in moves.services(now)
        # Of a node that is down managers have moved them already, and it ends none; nor does one that somebody drained.
        if node.availability != "drain" and node.state != "down" and not service.stays(others)
    )
    ports = moves.mesh_ports(now)
    redirects = _stand_ins(now, others) if ports else ()
    return Turn(
        order=order,
        pages=pages,
        manager=manager,
        lock=_lock(now, manager),
        node=node.id if moved else "",
        moves=moved,
        # What it had, so that an operator's own wish is not undone here; a pause that a run left is put back before.
        availability="active" if node in moves.taking(now) else node.availability,
        redirects=redirects,
        ports=ports if redirects else (),
    )


def _lock(now: Situation, manager: str = "") -> str:
    """Name the manager that the run's lock is renewed on: turns are many, and it lives for half an hour.

    :param manager: that acts in this turn, ``""`` for none
    """
    if now.intent is Intent.DOCKER:
        # That role alone takes no lock.
        return ""
    # One that is to be a worker may be the only manager still; before there is a swarm, the first host keeps the lock.
    telling = [name for name, observed in now.observed.items() if observed.nodes is not None]
    return manager or [*now.answering, *telling, *now.site.managers, ""][0]


def _stand_ins(now: Situation, others: Collection[Node]) -> tuple[str, ...]:
    """List who may serve a host's visitors: those first that answer the pages, and nobody who leads its own elsewhere.

    Which of them are there still is found out when it is the host's turn.
    """
    hosts = {observed.swarm.node_id: observed for observed in now.observed.values()}
    found = [(node, hosts.get(node.id)) for node in others if node.address]
    ranked = sorted(found, key=lambda each: not each[1] or any(each[1].pages.values()))
    return tuple(node.address for node, host in ranked if not (host and host.redirected))[:STAND_INS]


def problems(now: Situation, order: Batches, stopped: Collection[str]) -> Iterator[Problem]:
    """Check that the swarm is whole while and after each of its managers is away.

    A majority stays alive; one or two managers have none to lose. And each comes back as it was: an engine that starts
    locked joins no overlay network any more once it is unlocked, and so runs no task and serves no published port
    (observed with Docker 26.1).

    :param order: of the hosts that are changed
    :param stopped: names of those whose engines are
    """
    locked = [name for batch in order for name in batch if name in stopped and now.observed[name].swarm.autolock]
    if locked:
        yield Problem(
            code=Code.SWARM_AUTOLOCKED,
            hosts=tuple(locked),
            found="a manager whose engine starts locked, and whose network would not come back when it is unlocked",
            expected="managers that start by themselves while their engines are restarted",
            fix="Run docker swarm update --autolock=false on a manager, then this run, then the same with true, which "
            "tells you a new key to keep",
        )
    changed = [name for batch in order for name in batch if name in stopped and name in now.answering]
    losses = (
        loss_while_away(moves.nodes(now), now.observed[name].swarm.node_id, f"changing {name}") for name in changed
    )
    yield from islice(filter(None, losses), 1)


def without_moves(turn: Turn) -> Turn:
    """Return a turn of a host whose engine is not stopped: its tasks stay, and it serves its visitors."""
    return replace(turn, manager="", node="", moves=(), redirects=(), ports=())


def notes(now: Situation, name: str) -> Iterator[str]:
    """Say which services stop with a host that is changed, and why."""
    node = moves.node_of(now, name)
    if not node:
        return
    others = moves.others(now, {node.id})
    for service in moves.services(now):
        if service.runs_on(node) and (reason := service.stays(others)):
            yield f"{service.full_name} stops while the host is changed ({reason})"
    # Of a node that is down, managers have not heard that they ended.
    if node.state != "down" and (count := moves.strange_tasks(now, node)):
        what = f"{count} tasks of services" if count > 1 else "1 task of a service"
        yield f"{what} outside of the inventory, which flotilla does not move, will stop while the host is changed"


def order_notes(order: Batches) -> Iterator[str]:
    """Say in which order hosts are changed, where there are several."""
    if len(order) > 1:
        yield f"hosts are changed one after another: {', '.join(map(' with '.join, order))}"


def _pages(now: Situation, observed: Observed, files: Mapping[str, StackFile]) -> dict[str, Page]:
    """Return by stack the pages that a host must answer again: those that it answers now."""
    pages = {
        stack.name: files[stack.name].page(stack.port)
        for stack in now.site.stacks
        if stack.name in files and not observed.pages.get(stack.name)
    }
    paths = {stack.name: stack.check_path for stack in now.site.stacks}
    return {name: Page(port=page.port, path=paths[name]) for name, page in pages.items() if page}
