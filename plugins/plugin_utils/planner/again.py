"""Check a plan that is made in the midst of a run, behind a phase that made what could not be planned before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..model.phase import Phase
from ..model.problem import Code, Problem
from .result import Plan

# Phases behind which a run is planned again because they make what the rest needs, and what is told where it is needed
# a second time. The last one of all only sees where tasks are.
STILL: Mapping[Phase, tuple[Code, str, str, str]] = {
    Phase.OBSERVE_SWARM: (
        Code.ENGINE_STOPPED,
        "engines that this run has started, and that do not run",
        "engines that run",
        "See journalctl --unit docker on the hosts, then run again",
    ),
    Phase.OBSERVE_REGISTRY: (
        Code.REGISTRY_LOGIN,
        "a registry that does not take the login that this run has stored on the builder",
        "a registry that takes it",
        "See the registry's log, then run again",
    ),
    Phase.OBSERVE_IMAGES: (
        Code.IMAGE_MISSING,
        "images that this run has built and pushed, which the registry does not have",
        "a registry that keeps what is pushed to it",
        "See the registry's log and its free disk space, then run again",
    ),
}
OBSERVING = (*STILL, Phase.OBSERVE_TASKS)


def check(earlier: Mapping[str, object], digest: str, plan: Plan) -> Iterator[Problem]:
    """Check that the run can go on: each such phase is gone through once.

    :param earlier: the plan before it, as plays read it
    :param digest: of the input that this plan was made of
    """
    if earlier["input"] != digest:
        yield Problem(
            code=Code.INPUT_EDITED,
            where="an app, a Compose file or the inventory",
            found="another content than when this run began",
            expected="the same during a whole run",
            fix="Run again: it goes on with what is there now",
        )
        return
    for phase in behind(earlier):
        for passed in (each for each in STILL if not each.comes_after(phase)):
            hosts = tuple(name for name, host in plan.hosts.items() if passed in host.phases)
            code, found, expected, fix = STILL[passed]
            if hosts:
                yield Problem(code=code, found=found, expected=expected, fix=fix)


def is_told(earlier: Mapping[str, object]) -> bool:
    """Tell whether an earlier plan has told already what is to come.

    It has not before the first one, nor behind one that only went as far as to start engines.

    :param earlier: see ``check``; empty for the first plan of a run
    """
    return bool(earlier) and Phase.OBSERVE_SWARM not in behind(earlier)


def found_late(earlier: Mapping[str, object], plan: Plan) -> list[str]:
    """Say what is found only now, and belongs to phases that the run has passed.

    :param earlier: see ``check``
    """
    phases = behind(earlier)
    return [
        f"{name}: {change.text} (found only now; left to the next run)"
        for name, host in plan.hosts.items()
        for phase, changes in host.changes.items()
        for change in changes
        if phases and not phase.comes_after(phases[0])
    ]


def behind(earlier: Mapping[str, object]) -> list[Phase]:
    """Return the phase that a plan ended with, to be made again behind it; nothing for one that was whole."""
    hosts = earlier["hosts"]
    found = {phase for host in hosts.values() for phase in host} if isinstance(hosts, Mapping) else set()
    return [phase for phase in OBSERVING if phase in found]
