"""Find the swarm of the inventory and who answers for it.

A second swarm is never created: a host creates one only when every host was asked and none is in any.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..model.problem import Code, Problem
from .quorum import majority
from .view import View

LEAVE = "docker swarm leave --force"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerers:
    """Who answers for the swarm.

    :ivar join_manager: inventory name of the manager that was asked and that others join through; the host that creates
        a swarm
    :ivar deploy_manager: manager that stays one, and so acts once all managers are in place
    :ivar cluster_id: the living swarm's ID, ``""`` when there is none yet
    :ivar creates: whether ``join_manager`` creates a new swarm
    """

    join_manager: str = ""
    deploy_manager: str = ""
    cluster_id: str = ""
    creates: bool = False


def find_swarm(view: View) -> Answerers | Problem:
    """Find the swarm of the inventory and who answers for it, or decide that there is none."""
    active = [name for name, observed in view.observed.items() if observed.swarm.is_member]
    clusters = {name: view.observed[name].swarm.cluster_id for name in active if view.observed[name].swarm.cluster_id}
    if len(set(clusters.values())) > 1:
        return Problem(
            code=Code.SWARM_SEVERAL,
            hosts=tuple(clusters),
            found=", ".join(f"{name} in swarm {cluster}" for name, cluster in clusters.items()),
            expected="all managers in one swarm",
            fix=f"Choose one swarm; run on the others: {LEAVE}",
        )
    answering = [name for name in clusters if view.observed[name].nodes is not None]
    if not active:
        return _no_swarm(view)
    if not answering:
        return _no_answer(view, active)
    stay = [name for name in answering if name in view.site.managers]
    coming = [name for name in view.site.managers if name in view.observed]
    manager = (stay or answering)[0]
    return Answerers(join_manager=manager, deploy_manager=([*stay, *coming] or [""])[0], cluster_id=clusters[manager])


def without_deploy_manager(view: View, found: Answerers) -> Iterator[Problem]:
    """Refuse a run in which no manager of the inventory can act once all managers are in place."""
    if not found.deploy_manager:
        yield Problem(
            code=Code.MANAGERS_UNREACHABLE,
            hosts=view.site.managers,
            found=f"none could be reached; {found.join_manager} answers for the swarm, but is to be no manager",
            expected="at least one manager of the inventory",
            fix="Bring one back, or put another host into group managers",
        )


def _no_swarm(view: View) -> Answerers | Problem:
    if view.unreachable:
        return Problem(
            code=Code.SWARM_UNKNOWN,
            hosts=tuple(view.unreachable),
            found=f"could not be reached ({'; '.join(view.reasons)}) and may be in a swarm; no other host is in one",
            expected="an answer of every host before a new swarm is created",
            fix="Bring them back, or take them out of the inventory",
        )
    return Answerers(join_manager=view.site.managers[0], deploy_manager=view.site.managers[0], creates=True)


def _no_answer(view: View, active: Sequence[str]) -> Problem:
    """Say why no manager can answer for a swarm that is there."""
    mute = [name for name in active if view.observed[name].swarm.manager]
    if not mute:
        return Problem(
            code=Code.SWARM_WITHOUT_MANAGER,
            hosts=tuple(active),
            found="in a swarm, of which no host of the inventory is a manager",
            expected="a manager of that swarm in group managers",
            fix=f"Put one into group managers, or run on each: {LEAVE}",
        )
    lost = [name for name in view.unreachable if name in view.site.managers]
    managers = [name for name in view.everyone if name in mute or name in lost]
    away = f"; {', '.join(lost)} could not be reached" if lost else ""
    return Problem(
        code=Code.SWARM_WITHOUT_QUORUM,
        hosts=tuple(managers),
        found=f"{len(mute)} of {len(managers)} managers {'answer' if len(mute) > 1 else 'answers'} "
        f"({', '.join(mute)}){away}",
        expected=f"a majority, {majority(len(managers))}; until then nothing can be changed, and running tasks go on",
        fix="Bring managers back",
    )


def strangers(view: View, found: Answerers) -> Iterator[Problem]:
    """Refuse members of another swarm."""
    for name in view.site.members:
        place = view.observed[name].swarm if name in view.observed else None
        if place and place.is_member and place.node_id not in view.nodes:
            yield Problem(
                code=Code.SWARM_OTHER,
                hosts=(name,),
                found=f"in another swarm than {found.join_manager} ({found.cluster_id}), or its node there was removed",
                expected="the swarm of the inventory",
                fix=f"Run on {name}: {LEAVE}; then run again",
            )
