"""Check what hosts say about themselves against what the swarm's manager says of them, before it counts.

A host that was taken over may answer anything: that it is another node, or a manager.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..model.problem import Code, Problem
from .answerers import LEAVE, Answerers
from .view import View


def false_claims(view: View, found: Answerers) -> Iterator[Problem]:
    """Refuse hosts that say to be one and the same node, or a manager that they are not.

    :param view: with the nodes as the manager that was asked sees them
    """
    names: dict[str, list[str]] = {}
    for name, observed in view.observed.items():
        if observed.swarm.is_member:
            names.setdefault(observed.swarm.node_id, []).append(name)
    for claimed, hosts in names.items():
        if len(hosts) > 1:
            yield Problem(
                code=Code.NODE_CLAIMED,
                hosts=tuple(hosts),
                found=f"each says that it is node {claimed}",
                expected="a node of its own for each host",
                fix=f"Where one was copied from the other, run on the copy: {LEAVE}; if neither was, distrust them",
            )
    for name, node in view.own.items():
        if view.observed[name].nodes is not None and not node.is_manager:
            yield Problem(
                code=Code.NODE_CLAIMED,
                hosts=(name,),
                found=f"it answers as a manager, but {found.join_manager} says that it is a worker",
                expected="what the other managers say",
                fix="Run again; if it says so still, distrust that host",
            )
