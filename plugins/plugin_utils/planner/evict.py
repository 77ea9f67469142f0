"""Plan an eviction: a host that somebody else holds is cut off, and what it could read is rotated.

Nothing connects to it, and nothing that it says counts: it must be out of the inventory. All the rest is the plan of
``site.yml`` for a swarm that it has left already, with other passwords and secrets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...module_utils.observation import Observed
from ...module_utils.observation.swarm import Node
from ..model.observation import Host
from ..model.problem import Code, Problem, ProblemError
from ..model.site import Stack
from ..stacks.file import VOLUME_PREFIX, parse
from ..swarm.quorum import loss_of_majority
from . import moves
from .evicted import running_stacks, was_rolled_back
from .result import Plan
from .site import plan_site
from .situation import Evicted, Situation, assess, no_manager

# Later than all times of an engine: what a rotation has brought that had begun before may be known, too.
ALL = "9999"


def plan_evict(now: Situation) -> Plan:
    """Plan what cuts the host off, and what other hosts and stacks get instead of what it had."""
    if not now.answering:
        return Plan(problems=(no_manager(now),))
    try:
        evicted = _find(now)
    except ProblemError as error:
        return Plan(problems=(error.problem,))
    if problems := tuple(_problems(now, evicted)):
        return Plan(problems=problems)
    return plan_site(_without(now, evicted))


def _find(now: Situation) -> Evicted:
    """Find the node that is to go, or the eviction that a run began.

    :raise ProblemError: there is not exactly one
    """
    asked, manager = now.site.evict.host, moves.asked(now)[1]
    begun = manager.eviction if manager else None
    if begun:
        # By its ID: another host may have got its name and its address since.
        if asked not in (begun.host, begun.address, begun.node):
            found = f"{asked or 'no name'}, while the eviction of {begun.host}, which a run began, has not ended"
            raise ProblemError(_impossible(found, "one eviction at a time", f"End that first: -e host={begun.node}"))
        node = next((node for node in moves.nodes(now) if node.id == begun.node), None)
        return Evicted(host=begun.host, address=begun.address, id=begun.node, node=node, manager=begun.manager)
    there = [node for node in moves.nodes(now) if asked and asked in (node.hostname, node.address, node.id)]
    if len(there) == 1:
        (node,) = there
        return Evicted(host=asked, address=node.address, id=node.id, node=node, manager=node.is_manager)
    raise ProblemError(_unknown(now, asked, there))


def _unknown(now: Situation, asked: str, there: list[Node]) -> Problem:
    strangers = [f"{node.hostname} ({node.id})" for node in moves.nodes(now) if not _hosts_of(now, node)]
    listed = ", ".join(strangers) or "there is none"
    nodes = f"{len(there)} nodes" if there else "no node"
    found = f"{asked}, which is the name of {nodes}" if asked else "no name"
    return Problem(
        code=Code.SETTING_INVALID if asked else Code.SETTING_MISSING,
        where="host",
        found=found,
        expected=f"a node of no host of the inventory, by name, address or ID: {listed}",
        fix="Take the host out of the inventory, and name it: -e host=NAME",
    )


def _hosts_of(now: Situation, node: Node) -> tuple[str, ...]:
    """Return the hosts of the inventory that are a node, or that have its address."""
    owners = [name for name, observed in now.observed.items() if observed.swarm.node_id == node.id]
    return tuple(owners) or tuple(name for name, address in now.addresses.items() if address == node.address)


def _problems(now: Situation, evicted: Evicted) -> Iterator[Problem]:
    node = evicted.node
    if not node:
        return
    if hosts := _hosts_of(now, node):
        fix = f"Take {hosts[0]} out of the inventory first"
        yield _impossible(f"{evicted.host}, a host of the inventory, which runs connect to", "none", fix, *hosts)
    loss = loss_of_majority(moves.nodes(now), [node.id]) if node.is_manager else None
    if loss:
        yield loss
    url = now.site.registry.url
    if url.host in (node.address, node.hostname):
        fix = "Put another host into group registry and run site.yml, which makes the images again there"
        yield _impossible(f"the registry at {url.text}, which all hosts trust", "a registry on another host", fix)
    yield from _lost_data(now, node)


def _lost_data(now: Situation, node: Node) -> Iterator[Problem]:
    """Ask whether the data that the host has may be lost: it cannot be trusted to hand it out."""
    for stack in now.site.stacks:
        held = [label for label in parse(stack.text).volume_labels if node.labels.get(label) == "true"]
        lost = [name for label in held if (name := label.removeprefix(VOLUME_PREFIX)) not in stack.lost]
        if lost:
            of_stack = f"-e stack={stack.name} " if len(now.site.stacks) > 1 else ""
            problem = Problem(
                code=Code.NODE_HAS_DATA,
                found=f"{node.hostname} has the only data of {', '.join(lost)}, which can no more be trusted",
                expected="data on a host that stays, or a word that it may be lost",
                fix=f"Accept the loss ({of_stack}-e stack_data_lost={','.join(lost)}), and restore a backup then",
            )
            yield now.site.titled(stack.name, problem)


def _impossible(found: str, expected: str, fix: str, *hosts: str) -> Problem:
    return Problem(code=Code.EVICT_IMPOSSIBLE, where="host", hosts=hosts, found=found, expected=expected, fix=fix)


def _without(now: Situation, evicted: Evicted) -> Situation:
    """Return the situation that the eviction leaves, in which all generated secrets are to be rotated."""
    hosts = {name: _forget(host, evicted) for name, host in now.hosts.items()}
    manager = moves.asked(now)[1]
    begun = manager.eviction.created if manager and manager.eviction else ALL
    stacks = tuple(replace(stack, rotate=_rotated(now, stack), known_until=begun) for stack in now.site.stacks)
    return replace(assess(replace(now.site, stacks=stacks), hosts, now.intent, now.wrong, now.passed), evicted=evicted)


def _forget(host: Host, evicted: Evicted) -> Host:
    observed = host.observation
    if not evicted.node or not isinstance(observed, Observed) or observed.nodes is None:
        return host
    nodes = tuple(node for node in observed.nodes if node.id != evicted.node.id)
    return replace(host, observation=replace(observed, nodes=nodes))


def _rotated(now: Situation, stack: Stack) -> tuple[str, ...]:
    """List the secrets of a stack that get another value; one that was rolled back keeps them with its release."""
    running = running_stacks(now).get(stack.name)
    if not running or was_rolled_back(running):
        return ()
    return tuple(name for name in stack.secrets if not stack.values.get(name))
