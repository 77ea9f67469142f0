"""Keep the stack's data where it is: choose nodes for its volumes, and refuse to empty those that have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..model.problem import Code, Problem
from ..stacks.file import VOLUME_PREFIX
from ..stacks.state import place_volumes
from .steps import NodeChange
from .view import View


def choose_nodes(view: View) -> dict[str, dict[str, str]]:
    """Choose a node for each volume of the stack that has none yet.

    A host that holds the stack's data from an earlier swarm comes first; workers are spared less than managers.
    """
    active = [name for name in view.site.members if name in view.seen and view.availability(name) == "active"]
    active.sort(key=lambda name: (not view.data(name), name in view.site.managers))
    return place_volumes(view.pinning, list(view.nodes.values()), active) if active else {}


def several_have_data(view: View) -> Iterator[Problem]:
    """Refuse to choose between hosts that each have the stack's data from an earlier swarm."""
    active = [name for name in view.site.members if name in view.seen and view.availability(name) == "active"]
    holders = sorted((name for name in active if view.data(name)), key=lambda name: name in view.site.managers)
    if len(holders) > 1:
        yield Problem(
            code=Code.DATA_SEVERAL,
            hosts=tuple(holders),
            found="a volume of the stack from an earlier swarm on each, and no node labelled as its place",
            expected="the data on one host",
            fix=f"Remove those that nobody needs: docker volume rm {view.data(holders[0])[0]}",
        )


def data_that_would_go(view: View, settings: Mapping[str, NodeChange], retire: bool) -> Iterator[Problem]:
    """Refuse to drain or to remove a node that has the stack's data."""
    for name, change in settings.items():
        now = {**(view.own[name].labels if name in view.own else {}), **change.labels.add}
        pinned = [label for label in view.pinning if now.get(label) == "true"]
        if pinned and view.availability(name) == "drain":
            yield keeps_data(name, pinned, "swarm_availability is drain")
    for name in view.site.removed:
        leaving = [view.own[name]] if retire and name in view.own else []
        for node in [*view.old.get(name, ()), *leaving]:
            if view.holds(node):
                yield keeps_data(name, view.holds(node), "it is in group retire")


def keeps_data(name: str, pinned: Sequence[str], reason: str) -> Problem:
    """Say that a node must stay as it is for its data."""
    volumes = ", ".join(label.removeprefix(VOLUME_PREFIX) for label in pinned)
    return Problem(
        code=Code.NODE_HAS_DATA,
        hosts=(name,),
        found=f"it has the data of {volumes} (label {', '.join(pinned)}), and {reason}",
        expected="the data on a node that stays",
        fix='Move data and label to another node first, see "Move Redis to another host" in docs/operations.md',
    )
