"""Decide on the labels of a node.

Labels that the inventory once set and then dropped go away; labels of others stay. Which ones the inventory set is kept
where they are: in one more label of the node itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..model.problem import Code, Problem

# Names of the labels that the inventory set, separated by commas.
RECORD = "flotilla.labels"
OWN_PREFIX = "flotilla."


@dataclass
class Change:
    """What to change on a node.

    :ivar add: dict of labels to set
    :ivar drop: list of labels to remove
    :ivar texts: the same as a person would say it
    """

    add: dict = field(default_factory=dict)
    drop: list = field(default_factory=list)
    texts: list = field(default_factory=list)


def text_of(value):
    """Write a label's value as Docker keeps it: a boolean as YAML writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def problems(members, hosts):
    """Check ``swarm_node_labels``.

    :param members: inventory names
    :param hosts: dict of inventory name to the result of ``flotilla.swarm.observe``
    :return: iterator of ``Problem``
    """
    for name in members:
        for label, value in (hosts[name]["wanted"].get("swarm", {}).get("node_labels") or {}).items():
            expected = _expected(str(label), value)
            if expected:
                yield Problem(
                    code=Code.SETTING_INVALID,
                    where="swarm_node_labels",
                    hosts=(name,),
                    found=f"{label}: {'' if value is None else text_of(value)}".strip(),
                    expected=expected,
                    fix="Rename the label, or give it a value",
                )


def _expected(label, value):
    """Say what a label should be, ``""`` for a good one."""
    if label.startswith(OWN_PREFIX):
        return f"a name that does not begin with {OWN_PREFIX}, which is for flotilla's own labels"
    if not label or set(label) & set(", ="):
        return "a name without comma, space and ="
    return "a value, such as true" if value is None or text_of(value) == "" else ""


def recorded(current):
    """List the labels of a node that the inventory has set."""
    return [name for name in current.get(RECORD, "").split(",") if name]


def compare(current, wanted, kept):
    """Compare a node's labels with what they shall be.

    :param current: the node's labels
    :param wanted: the inventory's labels for it
    :param kept: further labels that it must have, which the inventory does not know of
    :return: ``Change``
    """
    names = sorted(map(str, wanted))
    goal = {**kept, **{str(name): text_of(value) for name, value in wanted.items()}}
    dropped = [name for name in recorded(current) if name not in goal and current.get(name)]
    change = Change(
        add={name: value for name, value in sorted(goal.items()) if current.get(name) != value}, drop=dropped
    )
    change.texts = [f"set label {name}={value}" for name, value in change.add.items()]
    change.texts += [f"remove label {name}" for name in dropped]
    if names != recorded(current):
        change.texts = change.texts or ["note which labels are the inventory's"]
        if names:
            change.add[RECORD] = ",".join(names)
        else:
            change.drop.append(RECORD)
    return change


def inherit(old, others, pinning):
    """Choose the labels that a host which comes back keeps from its old entries.

    :param old: its old entries, as a manager sees nodes
    :param others: all other nodes; what pins a volume to one of them is not taken
    :param pinning: names of the labels that pin volumes
    :return: dict of labels; those that the inventory had set are left to the inventory
    """
    placed = {name for node in others for name in pinning if node["labels"].get(name) == "true"}
    return {
        name: value
        for node in old
        for name, value in node["labels"].items()
        if name != RECORD and name not in recorded(node["labels"]) and name not in placed
    }
