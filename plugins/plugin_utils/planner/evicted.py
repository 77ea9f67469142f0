"""Plan the phases of an eviction that are its own, and say what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from ...module_utils.observation.stack import Stack
from ...module_utils.observation.swarm import DATA_PORT
from ..hosts import firewall as rules
from ..model.change import Change
from ..model.phase import Phase
from ..swarm.membership import Membership
from . import firewall, moves
from .arguments.docker import Move
from .arguments.swarm import EndEviction, EvictNode
from .remove import left_stacks
from .result import HostPlan, merge
from .situation import Evicted, Situation

# The other managers hand on to it what they are asked (swarmkit, manager/state/raft: LeaderConn).
LEADS = "{0} leads the swarm and may refuse all this; if the run fails, cut its network, so that another manager leads"
# Seconds in which a host that may be hostile can let its tasks go before it is cut off all the same.
PATIENCE = 180
BEGUN = "the eviction of {0}, which a run began, has not ended: playbooks/evict.yml -e host={1} ends it"
LATER = (
    "the registry's host is away, so passwords and secrets stay as they are; once it is back: "
    "playbooks/evict.yml -e host={}"
)
# Swarm keeps three keys, and replaces the oldest every 12 hours and with each new leader (swarmkit,
# manager/keymanager: DefaultKeyRotationInterval, keyringSize).
KEYS = (
    "the keys of the swarm's gossip and of encrypted networks: Swarm replaces one of three every 12 hours, so the last "
    "that the host has ends within 36 hours"
)
# Swarm notes the ID until the certificate ends (swarmkit, manager/controlapi: RemoveNode, BlacklistedCertificates).
CERTIFICATE = (
    "the certificate of its node, until it ends (90 days after it was made, by default): managers refuse it by its ID"
)
ROLLBACK = "the old secrets in earlier releases: a rollback to one of these brings them back"
KNOWN = "whatever else it had: keys and agents of ssh, passwords of sudo, tokens of other services, data of containers"


def unfinished(now: Situation) -> list[str]:
    """Say that an eviction was begun and has not ended."""
    manager = moves.asked(now)[1]
    return [BEGUN.format(manager.eviction.host, manager.eviction.node)] if manager and manager.eviction else []


def running_stacks(now: Situation) -> dict[str, Stack]:
    """Return the stacks that run by a release of flotilla's."""
    manager = moves.asked(now)[1]
    return {name: stack for name, stack in ((manager and manager.stacks) or {}).items() if stack.record}


def was_rolled_back(running: Stack) -> bool:
    """Tell whether a stack keeps its secrets with the release that it went back to."""
    return bool(running.releases and running.releases[-1].rollback_to)


def plan_host(now: Situation, members: Membership, name: str) -> HostPlan:
    """Let the deploy manager cut the host off, and say at the end what came of it."""
    evicted = now.evicted
    if not evicted or name != members.deploy_manager:
        return HostPlan()
    if not now.is_served:
        # Without the registry nothing is deployed, so the old secrets stay.
        return merge(_plan_eviction(now, evicted), HostPlan(notes=(LATER.format(evicted.id),)))
    end = EndEviction(
        host=evicted.host,
        awaits_ca=_rotates_ca(now, evicted) and not _down(now),
        done=tuple(_done(now, evicted)),
        yours=tuple(_yours(now, evicted)),
        stays=tuple(_stays(now, evicted)),
    )
    return merge(HostPlan(end_eviction=end), _plan_eviction(now, evicted))


def _plan_eviction(now: Situation, evicted: Evicted) -> HostPlan:
    if not now.is_ahead(Phase.EVICT):
        return HostPlan()
    node = evicted.node
    there = [service for service in moves.services(now) if node and service.runs_on(node)]
    others = moves.others(now, ())
    evict = EvictNode(
        host=evicted.host,
        address=evicted.address,
        was_manager=evicted.manager,
        id=evicted.id,
        node=node.id if node else "",
        demote=bool(node and node.is_manager),
        moves=tuple(
            Move(stack=service.stack, service=service.name, timeout=min(service.timeout, PATIENCE))
            for service in there
            if not service.stays(others)
        ),
        rotate_ca=_rotates_ca(now, evicted),
    )
    stopped = ((service.full_name, reason) for service in there if (reason := service.stays(others)))
    return HostPlan(
        evict=evict,
        changes={Phase.EVICT: tuple(map(Change, _changes(now, evicted)))},
        notes=(
            *(f"a task of {service} ends on {evicted.host} ({reason})" for service, reason in stopped),
            *((LEADS.format(evicted.host),) if node and node.leader else ()),
        ),
    )


def _rotates_ca(now: Situation, evicted: Evicted) -> bool:
    """Tell whether the CA goes, too: every manager has its key."""
    return evicted.manager or now.site.evict.rotate_ca


def _down(now: Situation) -> list[str]:
    """Name the nodes that take no certificate now."""
    return [node.hostname for node in moves.nodes(now) if node.state != "ready"]


def _changes(now: Situation, evicted: Evicted) -> Iterator[str]:
    if evicted.node:
        yield f"take {evicted.host} ({evicted.address}) out of the swarm, without asking it"
    yield "rotate the tokens by which hosts join"
    if _rotates_ca(now, evicted):
        yield "rotate the CA of the swarm"


def _done(now: Situation, evicted: Evicted) -> Iterator[str]:
    yield f"{evicted.host} ({evicted.address}) is no node any more"
    guarded = [name for name in now.observed if not firewall.reason_against(now, name)]
    if guarded and not _trusting(now, evicted):
        # The rules of one host may have failed, which keeps no other from being told.
        yield (
            f"it is kept out of the ports of the swarm and its registry on {', '.join(guarded)}, but for hosts that "
            "this run names with an error"
        )
    yield "both tokens by which hosts join are others"
    if _rotates_ca(now, evicted):
        yield "the CA of the swarm is another one, and so are the certificates of its nodes"
    if now.site.registry.host:
        yield f"the password that nodes pull from {now.site.registry.url.text} with is another one"
    for stack in now.site.stacks:
        for name in stack.rotate:
            yield f"secret {name} of stack {stack.name} has another value"


def _yours(now: Situation, evicted: Evicted) -> Iterator[str]:
    running = running_stacks(now)
    for stack in now.site.stacks:
        given = [name for name in stack.secrets if stack.values.get(name)]
        if given:
            yield (
                f"secrets of stack {stack.name} whose value you gave: {', '.join(given)}; change the values, and run "
                "site.yml"
            )
        kept = [name for name in stack.secrets if name not in given]
        if kept and stack.name in running and was_rolled_back(running[stack.name]):
            yield (
                f"secrets of stack {stack.name}, which was rolled back: {', '.join(kept)}; once the inventory has what "
                f"is to run: playbooks/deploy.yml -e stack={stack.name} -e stack_rotate={','.join(kept)}"
            )
    for name in left_stacks(now):
        yield f"secrets of stack {name}, which is not in the inventory"
    if not (registry := now.site.registry).host:
        # Any host may have pushed as the builder that it was.
        accounts = dict.fromkeys((registry.pull.name, registry.push.name))
        yield (
            f"the password of {' and of '.join(accounts)} at {registry.url.text}; change it there and in the "
            "inventory, and run site.yml"
        )
    yield from _old_ca(now, evicted)
    yield from _open(now, evicted)
    if now.away:
        names = ", ".join(now.away)
        yield f"{names}, which could not be reached and lets it in until then: run site.yml when all are back"
    if evicted.manager:
        yield "secrets of the swarm that no stack of the inventory has; of a locked swarm its key (swarm unlock-key)"
    yield f"what leads visitors to {evicted.address}: names, and load balancers in front of the hosts"
    yield KNOWN


def _old_ca(now: Situation, evicted: Evicted) -> Iterator[str]:
    """Say that it counts until every node has a certificate of the new one (swarmkit, ca/reconciler.go)."""
    down = _down(now)
    if down and _rotates_ca(now, evicted):
        yield f"the old CA, which counts until {', '.join(down)} is back, or removed by swarm_remove_dead"


def _open(now: Situation, evicted: Evicted) -> Iterator[str]:
    """Say where its address is let in still."""
    manager = moves.asked(now)[1]
    data = manager.swarm.data_port if manager else DATA_PORT
    unguarded = {name: reason for name in now.observed if (reason := firewall.reason_against(now, name))}
    for name, reason in unguarded.items():
        if name in now.members:
            yield f"the firewall of {name} ({reason}): keep {evicted.address} from 2377, 7946 and {data}, and from ESP"
    if trusting := _trusting(now, evicted):
        yield f"firewall_trusted of {', '.join(trusting)}, which lets {evicted.address} in"


def _trusting(now: Situation, evicted: Evicted) -> list[str]:
    """Name the hosts whose settings let its address in."""
    own = rules.read(evicted.address)
    if not own:
        return []
    address = ip_address(own.network_address)
    settings = {name: now.desired(name).firewall for name in now.observed}
    return [
        name
        for name, each in settings.items()
        if each and any((network := rules.read(text)) and address in network for text in each.trusted)
    ]


def _stays(now: Situation, evicted: Evicted) -> Iterator[str]:
    yield KEYS
    if not _rotates_ca(now, evicted):
        yield CERTIFICATE
    if any(stack.rotate for stack in now.site.stacks):
        yield ROLLBACK
