"""Decide on the labels of a node.

Labels that the inventory once set and then dropped go away; labels of others stay. Which ones the inventory set is kept
where they are: in one more label of the node itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...module_utils.observation.swarm import Node
from ..model.desired import Member
from ..model.problem import Code, Problem

# Names of the labels that the inventory set, separated by commas.
RECORD = "flotilla.labels"
OWN_PREFIX = "flotilla."


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChange:
    """What to change on a node.

    :ivar add: labels to set
    :ivar drop: labels to remove
    :ivar texts: the same as a person would say it
    """

    add: Mapping[str, str]
    drop: tuple[str, ...]
    texts: tuple[str, ...]


def text_of(value: object) -> str:
    """Write a label's value as Docker keeps it: a boolean as YAML writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def problems(members: Mapping[str, Member]) -> Iterator[Problem]:
    """Check ``swarm_node_labels``.

    :param members: by inventory name
    """
    for name, member in members.items():
        for label, value in member.labels.items():
            expected = _expected(label, value)
            if expected:
                yield Problem(
                    code=Code.SETTING_INVALID,
                    where="swarm_node_labels",
                    hosts=(name,),
                    found=f"{label}: {'' if value is None else text_of(value)}".strip(),
                    expected=expected,
                    fix="Rename the label, or give it a value",
                )


def _expected(label: str, value: object) -> str:
    """Say what a label should be, ``""`` for a good one."""
    if label.startswith(OWN_PREFIX):
        return f"a name that does not begin with {OWN_PREFIX}, which is for flotilla's own labels"
    if not label or set(label) & set(", ="):
        return "a name without comma, space and ="
    return "a value, such as true" if value is None or text_of(value) == "" else ""


def recorded(current: Mapping[str, str]) -> list[str]:
    """List the labels of a node that the inventory has set."""
    return [name for name in current.get(RECORD, "").split(",") if name]


def compare(current: Mapping[str, str], desired: Mapping[str, object], kept: Mapping[str, str]) -> LabelChange:
    """Compare a node's labels with what they should be.

    :param current: the node's labels
    :param desired: the inventory's labels for it
    :param kept: further labels that it must have, which the inventory does not have
    """
    names = sorted(desired)
    goal = {**kept, **{name: text_of(value) for name, value in desired.items()}}
    drop = [name for name in recorded(current) if name not in goal and current.get(name)]
    add = {name: value for name, value in sorted(goal.items()) if current.get(name) != value}
    texts = [*(f"set label {name}={value}" for name, value in add.items()), *(f"remove label {name}" for name in drop)]
    if names != recorded(current):
        texts = texts or ["note which labels are the inventory's"]
        add |= {RECORD: ",".join(names)} if names else {}
        drop += [] if names else [RECORD]
    return LabelChange(add=add, drop=tuple(drop), texts=tuple(texts))


def inherit(old: Sequence[Node], others: Sequence[Node], pinning: Collection[str]) -> dict[str, str]:
    """Choose the labels that a host which comes back keeps from its old entries.

    :param old: its old entries
    :param others: all other nodes; what pins a volume to one of them is not taken
    :param pinning: names of the labels that pin volumes
    :return: those that the inventory had set are left to the inventory
    """
    placed = {name for node in others for name in pinning if node.labels.get(name) == "true"}
    return {
        name: value
        for node in old
        for name, value in node.labels.items()
        if name != RECORD and name not in recorded(node.labels) and name not in placed
    }
