"""Plan one role alone, as a play of somebody's own has it: each needs its own settings and no other role's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..checks import firewall as firewall_checks
from ..checks import hosts, network, registry
from ..model.phase import Phase
from ..model.problem import Code, Problem, find
from ..stacks.file import VOLUME_PREFIX
from ..swarm import membership
from ..swarm.view import PinnedVolume
from . import firewall, frame, images, rolling, swarm
from .arguments.common import Nothing
from .host import is_renewed, plan_devices, plan_engine, plan_registry, restart_order, restarted
from .result import HostPlan, Plan, merge
from .site import plan_site
from .situation import Situation, no_manager


def plan_docker(now: Situation) -> Plan:
    """Plan the engines of the hosts that the play has, whatever else they are."""
    problems = find(now.facts, hosts.RULES)
    if problems:
        return Plan(problems=problems)
    order = restart_order(now)
    if at_risk := tuple(rolling.problems(now, order, restarted(now, order))):
        return Plan(problems=at_risk)
    planned = {name: merge(plan_engine(now, name, order), plan_devices(now, name)) for name in now.observed}
    return Plan(hosts={name: planned.get(name, HostPlan()) for name in now.hosts})


def plan_firewall(now: Situation) -> Plan:
    """Plan the rules that keep strangers out; members are those of the inventory, and all nodes that there are."""
    problems = find(now.facts, firewall_checks.RULES)
    if not now.answering and any(observed.swarm.is_member for observed in now.observed.values()):
        # Only managers tell of all members, and by which addresses these come.
        problems = (*problems, no_manager(now))
    if problems:
        return Plan(problems=problems)
    planned = firewall.plan_hosts(now, membership.Membership())
    return Plan(hosts={name: planned.get(name, HostPlan()) for name in now.hosts})


def plan_swarm(now: Situation) -> Plan:
    """Plan the swarm's members."""
    members = membership.decide(now.site, now.hosts, now.addresses, _placed(now))
    problems = (*find(now.facts, (*network.RULES, *firewall_checks.RULES)), *members.problems)
    if problems:
        return Plan(problems=problems)
    planned = {name: swarm.plan_member(now, members, name, {}) for name in now.hosts}
    return Plan(warnings=members.warnings, hosts=_locked(now, members.join_manager, planned))


def _placed(now: Situation) -> dict[str, PinnedVolume]:
    """Return the volumes that nodes have by their labels: whatever stack they are of, nodes must not lose them."""
    managers = (now.observed[name] for name in now.site.managers if name in now.observed)
    labels = {label for observed in managers for node in observed.nodes or () for label in node.labels}
    pinning = sorted(label for label in labels if label.startswith(VOLUME_PREFIX))
    return {label: PinnedVolume(name=label.removeprefix(VOLUME_PREFIX), stacks=()) for label in pinning}


def plan_registry_alone(now: Situation) -> Plan:
    """Plan the registry that a host serves, and the logins of members."""
    problems = find(now.facts, (*registry.RULES, *registry.LOGIN_RULES))
    if problems:
        return Plan(problems=problems)
    renewed = is_renewed(now)
    return Plan(
        hosts={name: plan_registry(now, name, renewed) if name in now.observed else HostPlan() for name in now.hosts}
    )


def plan_image(now: Situation) -> Plan:
    """Plan the making of the images that the registry does not have."""
    digests = images.choose_digests(now)
    missing = tuple(image for image in now.site.images if not digests.known.get(image.reference))
    login = now.observed[now.builder].login if now.builder else ""
    problems = (
        *find(now.facts, registry.LOGIN_RULES),
        *images.check_builder(now, missing),
        *([_no_login(now, login)] if login else ()),
    )
    if problems:
        return Plan(problems=problems)
    built = {name: images.plan_builder(now, name, missing) for name in now.hosts}
    return Plan(
        warnings=digests.warnings, hosts={name: replace(host, observe_images=None) for name, host in built.items()}
    )


def _no_login(now: Situation, login: str) -> Problem:
    return Problem(
        code=Code.REGISTRY_LOGIN,
        where=now.site.registry.url.text,
        hosts=(now.builder,),
        found=f"the answer {login}",
        expected="a registry that takes the stored login",
        fix="Run role registry first, which logs in",
    )


def plan_stack(now: Situation) -> Plan:
    """Plan the deploy of the stack, whose images must be in the registry."""
    if not now.answering:
        return Plan(problems=(no_manager(now),))
    plan = plan_site(now)
    if any(Phase.OBSERVE_IMAGES in host.phases for host in plan.hosts.values()):
        return Plan(problems=(_no_images(now),))
    return plan


def _no_images(now: Situation) -> Problem:
    return Problem(
        code=Code.IMAGE_MISSING,
        where=now.site.registry.url.text,
        found="a registry without the images of the stack",
        expected="all of them",
        fix="Run role image first, which builds and pushes them",
    )


def _locked(now: Situation, manager: str, planned: Mapping[str, HostPlan]) -> dict[str, HostPlan]:
    """Keep other runs out where there is anything to do."""
    if not any(host.has_changes for host in planned.values()):
        return dict(planned)
    locked = replace(planned[manager], lock=frame.lock(now, manager), unlock=Nothing())
    return {**planned, manager: locked}
