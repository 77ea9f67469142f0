"""Count managers: a majority of them must live at every single step."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ...module_utils.observation.swarm import Node
from ..model.problem import Code, Problem


def majority(count: int) -> int:
    """Return how many of so many managers must live (Raft)."""
    return count // 2 + 1


def loss_of_majority(nodes: Iterable[Node], leaving: Collection[str]) -> Problem | None:
    """Tell whether managers may go now, whatever has become of the others since the plan was made.

    :param nodes: as a manager sees them
    :param leaving: IDs of the managers that are about to be demoted
    :return: what forbids it
    """
    staying = [node for node in nodes if node.is_manager and node.id not in leaving]
    dead = [node.hostname for node in staying if node.reachability != "reachable"]
    alive = len(staying) - len(dead)
    if alive >= majority(len(staying)):
        return None
    return at_risk("this demotion", alive, len(staying), f"Bring {', '.join(dead) or 'a manager'} back")


def loss_while_away(nodes: Iterable[Node], away: str, step: str) -> Problem | None:
    """Tell whether a manager may be stopped for a while: it goes on to count, so the others must be a majority of all.

    One or two managers have no majority to lose.

    :param nodes: as a manager sees them
    :param away: its ID
    :param step: what is done to it
    :return: what forbids it
    """
    managers = [node for node in nodes if node.is_manager]
    dead = [node.hostname for node in managers if node.reachability != "reachable" and node.id != away]
    alive = len(managers) - len(dead) - 1
    if len(managers) < 3 or alive >= majority(len(managers)):
        return None
    return at_risk(step, alive, len(managers), f"Bring {', '.join(dead)} back")


def at_risk(step: str, alive: int, count: int, fix: str) -> Problem:
    """Say that a step would leave too few managers alive."""
    return Problem(
        code=Code.MAJORITY_AT_RISK,
        found=f"{step} would leave {alive} of {count} managers alive",
        expected=f"a majority, {majority(count)}",
        fix=f"{fix}, then run again",
    )


def even(count: int) -> Iterator[str]:
    """Warn of an even number of managers."""
    if count % 2 == 0:
        yield (
            f"{count} managers stand the loss of {count - majority(count)}, as {count - 1} would, since a majority of "
            f"{count} is {majority(count)}; {count + 1} would stand the loss of {count + 1 - majority(count + 1)}. "
            "An odd number is better: see group managers"
        )
