"""Plan what puts back what a killed run left of a rolling change, before the next one begins.

A pause alone is drift of a node like any other, and so is a redirect, where ``site.yml`` restarts no engine.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ..model.change import Change
from ..model.phase import Phase
from . import moves
from .arguments.swarm import PutBack
from .result import HostPlan
from .situation import Situation

SERVE = Change("serve its visitors itself again")


def plan_host(now: Situation, name: str, served: Collection[str]) -> HostPlan:
    """Let the manager that was asked put nodes and services back, and each host end its own redirect.

    Two hosts that lead their visitors to each other would serve none, so the redirects go before any host is changed.

    :param served: names of the hosts whose redirects are ended here
    """
    nodes = {node.id: node for node in moves.nodes(now)}
    acts = name == moves.asked(now)[0]
    services = [*moves.services(now)] if acts else []
    paused = tuple(node.id for node in moves.taking(now) if acts and node.availability == "pause")
    kept_off = {service.full_name: service.left for service in services if service.left}
    sizes = {service.full_name: service.size for service in services if service.is_too_large}
    redirected = name in served and name in now.observed and now.observed[name].redirected
    texts = [f"let {service} run on every node again" for service in kept_off]
    texts += [f"let {nodes[ident].hostname} take tasks again" for ident in paused]
    texts += [f"bring {service} back to its size of {size}" for service, size in sizes.items()]
    changes = (*map(Change, texts), *((SERVE,) if redirected else ()))
    if not changes:
        return HostPlan()
    left = PutBack(nodes=paused, services=kept_off, sizes=sizes, end_redirect=redirected)
    return HostPlan(put_back=left, changes={Phase.PUT_BACK: changes})


def is_begun(now: Situation) -> bool:
    """Tell whether tasks were on their way: a node that takes tasks again before that is over ends them at once."""
    return any(service.left for service in moves.services(now))


def after(now: Situation) -> Situation:
    """Return what is known of the site once nodes and services are put back."""
    name, observed = moves.asked(now)
    if observed is None:
        return now
    taking = {node.id for node in moves.taking(now)}
    nodes = tuple(replace(each, availability="active") if each.id in taking else each for each in moves.nodes(now))
    stacks = dict(observed.stacks or {})
    for service in moves.services(now):
        stack = stacks[service.stack]
        stacks[service.stack] = replace(stack, services={**stack.services, service.name: service.as_put_back()})
    told = replace(observed, nodes=nodes, stacks=stacks)
    hosts = {**now.hosts, name: replace(now.hosts[name], observation=told)}
    return replace(now, hosts=hosts, observed={**now.observed, name: told})
