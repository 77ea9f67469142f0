"""Keep the data of stacks where it is: choose nodes for volumes, and refuse to empty those that have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from ..model.problem import Code, Problem
from ..stacks.file import MOVED_PREFIX, MOVING_PREFIX, VOLUME_PREFIX
from .steps import NodeChange
from .view import View

NO_LABELS: Mapping[str, Mapping[str, str]] = MappingProxyType({})


def choose_nodes(view: View) -> dict[str, dict[str, str]]:
    """Choose a node for each volume that has none yet; a choice once made is kept.

    A host that it was moving to and that has the data comes first; then one that has data of it from an earlier swarm,
    above all where a task uses it already, as in a stack that is taken over; then one with another volume of its
    services; workers are spared less than managers.

    :return: by inventory name, the labels that it must get
    """
    placed: dict[str, dict[str, str]] = {}
    for label in view.unplaced:
        for name in _candidates(view, label, placed)[:1]:
            placed.setdefault(name, {})[label] = "true"
    return placed


def _candidates(view: View, label: str, placed: Mapping[str, Mapping[str, str]] = NO_LABELS) -> list[str]:
    """List the hosts that a volume may go to, the preferred first.

    :param placed: by inventory name, the labels that it gets in this run
    """
    beside = view.pinning[label].beside

    def rank(name: str) -> tuple[bool, ...]:
        there = {*view.holds(view.own[name])} if name in view.own else set()
        has_others = bool(beside & {*there, *placed.get(name, {})})
        has_data, is_used = view.has_data(name, label), view.uses(name, label)
        return (
            not _was_moved(view, name, label),
            not (has_data and is_used),
            not has_data,
            not is_used,
            not has_others,
            name in view.site.managers,
        )

    return sorted((name for name in view.site.members if _takes_tasks(view, name)), key=rank)


def _was_moved(view: View, name: str, label: str) -> bool:
    """Tell whether a move to a host was ended between the changes of two nodes: the data there is whole.

    The first change is that of the node which had it. Without that, the copy may be older than the data.
    """
    volume = view.pinning[label].name
    noted = name in view.own and f"{MOVING_PREFIX}{volume}" in view.own[name].labels
    let_go = any(f"{MOVED_PREFIX}{volume}" in node.labels for node in view.own.values())
    return noted and let_go and view.has_data(name, label)


def _takes_tasks(view: View, name: str) -> bool:
    return name in view.observed and view.availability(name) == "active"


def several_have_data(view: View) -> Iterator[Problem]:
    """Refuse to choose between hosts that each have a stack's data from an earlier swarm."""
    for label in view.unplaced:
        holders = [name for name in _candidates(view, label) if view.has_data(name, label)]
        is_chosen = any(_was_moved(view, name, label) or view.uses(name, label) for name in holders)
        if len(holders) > 1 and not is_chosen:
            yield Problem(
                code=Code.DATA_SEVERAL,
                where=view.site.title(" and ".join(view.pinning[label].stacks)).removesuffix(": "),
                hosts=tuple(holders),
                found="a volume of the stack from an earlier swarm on each, and no node labelled as its place",
                expected="the data on one host",
                fix=f"Remove those that nobody needs: docker volume rm {view.pinning[label].name}",
            )


def data_that_would_go(view: View, settings: Mapping[str, NodeChange], retire: bool) -> Iterator[Problem]:
    """Refuse to drain or to remove a node that has data of a stack."""
    for name, change in settings.items():
        now = {**(view.own[name].labels if name in view.own else {}), **change.labels.add}
        pinned = [label for label in view.pinning if now.get(label) == "true"]
        if pinned and view.availability(name) == "drain":
            yield keeps_data(name, pinned, "swarm_availability is drain")
    for name in view.site.retire:
        leaving = [view.own[name]] if retire and name in view.own else []
        for node in [*view.old.get(name, ()), *leaving]:
            if view.holds(node):
                yield keeps_data(name, view.holds(node), "it is in group retire")


def keeps_data(name: str, pinned: Sequence[str], reason: str) -> Problem:
    """Say that a node must stay as it is for its data."""
    names = [label.removeprefix(VOLUME_PREFIX) for label in pinned]
    return Problem(
        code=Code.NODE_HAS_DATA,
        hosts=(name,),
        found=f"it has the data of {', '.join(names)} (label {', '.join(pinned)}), and {reason}",
        expected="the data on a node that stays",
        fix=f"Move the data first: playbooks/move.yml -e volume={names[0]} -e to=HOST; see docs/data.md",
    )
