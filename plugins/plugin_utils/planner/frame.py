"""Add what surrounds the work of a run: the lock, second observations, the report and who could not be reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...module_utils.observation.host import Lock
from ..model.phase import Phase
from ..swarm.membership import Membership
from . import gate, unreachable
from .arguments.common import Nothing
from .arguments.preflight import Report, TakeLock, Unreachable
from .result import HostPlan, merge
from .situation import Situation
from .stack import StackDecisions

Hosts = Mapping[str, HostPlan]


def defer(now: Situation, decided: StackDecisions, hosts: Hosts) -> dict[str, HostPlan]:
    """Leave what comes after a second observation to the plan that is made of it."""
    last = _observed_after(now, decided, hosts)
    if not last:
        return dict(hosts)
    observe = Nothing()
    again = HostPlan(observe_registry=observe) if last is Phase.OBSERVE_REGISTRY else HostPlan(observe_images=observe)
    return {name: merge(host.only(lambda phase: not phase.comes_after(last)), again) for name, host in hosts.items()}


def _observed_after(now: Situation, decided: StackDecisions, hosts: Hosts) -> Phase | None:
    """Find what makes something that cannot be planned yet.

    A builder that only now logs in could not ask the registry; images that are made only now have no digest yet.
    """
    builder = hosts.get(now.builder)
    if now.is_served and builder and builder.log_in and now.observed[now.builder].login:
        return Phase.OBSERVE_REGISTRY
    return Phase.OBSERVE_IMAGES if decided.missing else None


def lock(now: Situation, name: str) -> TakeLock:
    """Return what a host takes the lock with."""
    return TakeLock(found=now.observed[name].lock if name in now.observed else Lock(version=""))


def add(now: Situation, members: Membership, decided: StackDecisions, hosts: Hosts) -> dict[str, HostPlan]:
    """Add these phases to the plans of hosts."""
    changes = any(host.has_changes for host in hosts.values())
    framed = {name: _away(now, decided, name, host) for name, host in hosts.items()}
    framed = gate.keep(framed, changes or now.holds_lock)
    report = Report(
        observe=changes,
        names={address: name for name, address in now.addresses.items()},
        ports={each.stack.name: each.plan.page.port for each in decided.each if each.plan.page},
    )
    framed[members.deploy_manager] = replace(framed[members.deploy_manager], report=report)
    manager = framed[members.join_manager]
    if changes or now.holds_lock:
        framed[members.join_manager] = replace(
            manager, lock=lock(now, members.join_manager) if changes else None, unlock=Nothing()
        )
    return framed


def _away(now: Situation, decided: StackDecisions, name: str, host: HostPlan) -> HostPlan:
    nodes = (decided.manager and decided.manager.nodes) or ()
    message = unreachable.describe(now, name, nodes) if name in now.away else ""
    return replace(host, unreachable=Unreachable(message=message)) if message else host
