"""Add what surrounds the work of a run: the lock, second observations, the report and who could not be reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ...module_utils.observation.host import Lock
from ..hosts import mesh
from ..model.intent import Intent
from ..model.phase import Phase
from ..swarm.membership import Membership
from . import gate, unreachable
from .arguments.common import Nothing
from .arguments.preflight import Report, TakeLock, Unreachable
from .result import HostPlan, merge
from .situation import Situation
from .stack import StackDecisions

Hosts = Mapping[str, HostPlan]
# Phases that add a node, or move the tasks of one.
MOVING = (Phase.PUT_BACK, Phase.RESTART_ENGINE, Phase.JOIN_MANAGERS, Phase.JOIN_WORKERS, Phase.UPGRADE)


def defer(now: Situation, decided: StackDecisions, hosts: Hosts) -> dict[str, HostPlan]:
    """Leave what comes after a second observation to the plan that is made of it."""
    last = _observed_after(now, decided, hosts) or _observed_before_spreading(now, decided, hosts)
    return _until(last, hosts) if last else dict(hosts)


def defer_spreading(now: Situation, decided: StackDecisions, hosts: Hosts) -> dict[str, HostPlan]:
    """Leave what comes after hosts were changed to the plan that is made of what their tasks did meanwhile."""
    last = _observed_before_spreading(now, decided, hosts)
    return _until(last, hosts) if last else dict(hosts)


def _until(last: Phase, hosts: Hosts) -> dict[str, HostPlan]:
    """Let a plan end with an observation."""
    again = {
        Phase.OBSERVE_REGISTRY: HostPlan(observe_registry=Nothing()),
        Phase.OBSERVE_IMAGES: HostPlan(observe_images=Nothing()),
        Phase.OBSERVE_TASKS: HostPlan(observe_tasks=Nothing()),
    }[last]
    return {name: merge(host.only(lambda phase: not phase.comes_after(last)), again) for name, host in hosts.items()}


def _observed_after(now: Situation, decided: StackDecisions, hosts: Hosts) -> Phase | None:
    """Find what makes something that cannot be planned yet.

    A builder that only now logs in could not ask the registry; images that are made only now have no digest yet.
    """
    builder = hosts.get(now.builder)
    if now.is_served and builder and builder.log_in and now.observed[now.builder].login:
        return Phase.OBSERVE_REGISTRY
    return Phase.OBSERVE_IMAGES if decided.missing else None


def _observed_before_spreading(now: Situation, decided: StackDecisions, hosts: Hosts) -> Phase | None:
    """Find whether tasks will be moved, or nodes added, of stacks that are then to be spread."""
    spread = any(each.stack.spread and each.plan.running.services for each in decided.each)
    moves = any(host.changes.get(phase) for host in hosts.values() for phase in MOVING if now.is_ahead(phase))
    return Phase.OBSERVE_TASKS if spread and moves and now.intent in (Intent.SITE, Intent.UPGRADE) else None


def notes(hosts: Hosts) -> Iterator[str]:
    """Say what is planned only once hosts are added or changed."""
    if any(host.observe_tasks for host in hosts.values()):
        yield "once hosts are added or changed, nodes without tasks get their share (spread)"


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
    # A host that is restarted is waited for in its turn.
    if decided.manager and name in now.members and not (host.restart_engine or host.upgrade):
        absence = mesh.absence(now.observed[name], decided.manager)
        message = f"{name}: {absence}" if absence else ""
    return replace(host, unreachable=Unreachable(message=message)) if message else host
