"""Plan newer packages on hosts that serve, and reboots, one host after another."""

from __future__ import annotations

from collections.abc import Iterator

from ...module_utils.upgrades import RUNTIME
from ..model.change import Change
from ..model.phase import Phase
from ..stacks.file import StackFile
from . import frame, gate, put_back, rebalance, rolling
from .arguments.docker import Batches, UpgradeHost
from .result import HostPlan, Plan, merge
from .site import decide
from .situation import Situation
from .start import plan_start

NOTHING_NEWER = "no host needs a reboot, or has a newer version of what was asked for in its lists of packages"


def plan_upgrade(now: Situation) -> Plan:
    """Upgrade what hosts say that is newer, and reboot those that say that they need it.

    A package that makes a host need a reboot is told of by the next run, which reboots it.
    """
    if now.stopped:
        return plan_start(now)
    decided = decide(now)
    if decided.problems:
        return Plan(problems=decided.problems)
    upgraded = [
        name for name, observed in now.observed.items() if observed.upgrades.packages or observed.upgrades.reboot
    ]
    order = rolling.batches(now, upgraded)
    stopped = [name for name in upgraded if now.observed[name].upgrades.reboot or _stops_containers(now, name)]
    if at_risk := tuple(rolling.problems(now, order, stopped)):
        return Plan(problems=at_risk)
    files = {each.stack.name: each.plan.definition.rendered for each in decided.stacks.each}
    hosts = {
        name: merge(
            _plan_host(now, name, order, files) if name in upgraded else HostPlan(),
            put_back.plan_host(now, name, now.hosts),
            rebalance.plan_host(now, decided.members, decided.stacks, name),
            gate.plan_host(now, decided.members, decided.stacks, name),
        )
        for name in now.hosts
    }
    chosen = frame.defer_spreading(now, decided.stacks, hosts)
    return Plan(
        hosts=frame.add(now, decided.members, decided.stacks, chosen),
        notes=(*rolling.order_notes(order), *frame.notes(chosen)) if upgraded else (NOTHING_NEWER,),
    )


def _plan_host(now: Situation, name: str, order: Batches, files: dict[str, StackFile]) -> HostPlan:
    found = now.observed[name].upgrades
    turn = rolling.plan_turn(now, name, order, files)
    if not (found.reboot or _stops_containers(now, name)):
        turn = rolling.without_moves(turn)
    upgrade = UpgradeHost(
        upgrades=tuple(f"{package}={version}" for package, version in sorted(found.packages.items())),
        keep_swarm=_swarm_state(now, name),
        hold=found.held,
        reboot=bool(found.reboot),
        turn=turn,
    )
    notes = tuple(rolling.notes(now, name)) if turn.manager else ()
    return HostPlan(upgrade=upgrade, changes={Phase.UPGRADE: tuple(_changes(now, name))}, notes=notes)


def _stops_containers(now: Situation, name: str) -> bool:
    """Tell whether a package is upgraded that restarts the engine; of what any other does, tasks take no notice."""
    engine = now.desired(name).engine
    return not {*RUNTIME, *(engine.packages if engine else ())}.isdisjoint(now.observed[name].upgrades.packages)


def _swarm_state(now: Situation, name: str) -> str:
    """Return the folder in which a manager has its copy of the swarm's state, which a newer engine may change."""
    observed = now.observed[name]
    is_kept = observed.engine and observed.swarm.manager and _stops_containers(now, name)
    return f"{observed.engine.root}/swarm" if observed.engine and is_kept else ""


def _changes(now: Situation, name: str) -> Iterator[Change]:
    found = now.observed[name].upgrades
    for package, version in sorted(found.packages.items()):
        yield Change(f"upgrade {package} to {version}")
    if found.reboot:
        yield Change(f"reboot ({found.reboot})")
