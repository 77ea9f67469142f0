"""Plan newer packages on hosts that serve, and reboots, one host after another."""

from __future__ import annotations

from collections.abc import Iterator

from ...module_utils.observation.upgrades import RUNTIME
from ..hosts import state
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
UNKNOWN = "apt tells its newer versions once that is finished; run this again then (it says now: {})"


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
        name
        for name, observed in now.observed.items()
        if observed.upgrades.packages or observed.upgrades.reboot or _interrupted(now, name) or _is_replaced(now, name)
    ]
    order = rolling.batches(now, upgraded)
    stopped = [name for name in upgraded if _stops(now, name)]
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
    if not _stops(now, name):
        turn = rolling.without_moves(turn)
    upgrade = UpgradeHost(
        upgrades=tuple(f"{package}={version}" for package, version in sorted(found.packages.items())),
        keep_swarm=_swarm_state(now, name),
        hold=found.held,
        finish_installation=bool(_interrupted(now, name)),
        restart=_stops_containers(now, name) and not found.reboot,
        reboot=bool(found.reboot),
        turn=turn,
    )
    notes = tuple(rolling.notes(now, name)) if _stops(now, name) else ()
    notes += (f"{name}: {UNKNOWN.format(found.unknown)}",) if found.unknown else ()
    return HostPlan(upgrade=upgrade, changes={Phase.UPGRADE: tuple(_changes(now, name))}, notes=notes)


def _stops(now: Situation, name: str) -> bool:
    """Tell whether a host's engine stops, by itself or with the host."""
    return bool(now.observed[name].upgrades.reboot) or _stops_containers(now, name)


def _stops_containers(now: Situation, name: str) -> bool:
    """Tell whether the engine is restarted, as for its own packages; of what any other does, tasks take no notice.

    dpkg's journal names none, so one of these may be among those whose installation is finished.
    """
    finished = {"dpkg", *_beneath_tasks(now, name)}.intersection(_interrupted(now, name))
    return _gets_engine(now, name) or bool(finished) or _is_replaced(now, name)


def _is_replaced(now: Situation, name: str) -> bool:
    """Tell whether the package of a member's engine was upgraded after that started, as by a run that was killed."""
    return name in now.members and state.is_replaced(now.desired(name).role("docker"), now.observed[name])


def _interrupted(now: Situation, name: str) -> tuple[str, ...]:
    """Name the packages whose installation is to be finished; a host that is no member is not upgraded either."""
    return now.observed[name].interrupted if name in now.members else ()


def _gets_engine(now: Situation, name: str) -> bool:
    return not _beneath_tasks(now, name).isdisjoint(now.observed[name].upgrades.packages)


def _beneath_tasks(now: Situation, name: str) -> set[str]:
    engine = now.desired(name).engine
    return {*RUNTIME, *(engine.packages if engine else ())}


def _swarm_state(now: Situation, name: str) -> str:
    """Return the folder in which a manager has its copy of the swarm's state, which a newer engine may change."""
    observed = now.observed[name]
    is_kept = observed.engine and observed.swarm.manager and _gets_engine(now, name)
    return f"{observed.engine.root}/swarm" if observed.engine and is_kept else ""


def _changes(now: Situation, name: str) -> Iterator[Change]:
    found = now.observed[name].upgrades
    if interrupted := _interrupted(now, name):
        yield Change(rolling.FINISH.format(", ".join(interrupted)))
    for package, version in sorted(found.packages.items()):
        yield Change(f"upgrade {package} to {version}")
    if _is_replaced(now, name) and not found.reboot:
        yield Change(state.RESTART_REPLACED.format("docker"))
    if found.reboot:
        yield Change(f"reboot ({found.reboot})")
