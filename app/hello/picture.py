"""Where everything goes in the picture of how visits spread; the template draws it as SVG."""

from itertools import groupby
from typing import NamedTuple

from .store import Replica

# Across in percent of the page and down in pixels: so text keeps its size on a phone.
BAR_LEFT = 34
BAR_ROOM = 46
BAR_SPACE = 22
NODE_SPACE = 28

# As much of a name as fits beside its number on a phone; to the left of a bar: just what Docker calls a container.
NODE_LENGTH = 22
NAME_LENGTH = 12


class Bar(NamedTuple):
    """One replica."""

    y: int
    label: str
    name: str
    width: float
    visits: int
    here: bool


class Node(NamedTuple):
    """One node with its replicas."""

    y: int
    label: str
    name: str
    visits: int
    bars: list[Bar]


class Picture(NamedTuple):
    """All nodes, and a sentence that says the same."""

    height: int
    bar_left: int
    bar_space: int
    nodes: list[Node]
    summary: str


def draw(spread: list[Replica], node: str, replica: str) -> Picture:
    """Lay out the picture.

    :param spread: all replicas, sorted by node
    :param node: node of the replica that answers
    :param replica: name of the replica that answers
    """
    longest = max((entry.visits for entry in spread), default=0)
    y = 0
    nodes = []
    for name, entries in groupby(spread, key=lambda entry: entry.node):
        top = y
        y += NODE_SPACE
        bars = []
        for entry in entries:
            bars.append(
                Bar(
                    y=y,
                    label=shorten(entry.name, NAME_LENGTH),
                    name=entry.name,
                    width=round(BAR_ROOM * entry.visits / longest, 1),
                    visits=entry.visits,
                    here=(entry.node, entry.name) == (node, replica),
                )
            )
            y += BAR_SPACE
        name = name or "this host"
        nodes.append(Node(top, shorten(name, NODE_LENGTH), name, sum(bar.visits for bar in bars), bars))
        y += BAR_SPACE // 2
    return Picture(y, BAR_LEFT, BAR_SPACE, nodes, summarize(nodes))


def shorten(name: str, length: int) -> str:
    """Cut a name to the room that there is."""
    return name if len(name) <= length else f"{name[: length - 1]}…"


def summarize(nodes: list[Node]) -> str:
    """Say what the picture shows, such as ``manager-1: 12 visits by 2 replicas.``"""
    return " ".join(
        f"{node.name}: {count(node.visits, 'visit')} by {count(len(node.bars), 'replica')}." for node in nodes
    )


def count(number: int, noun: str) -> str:
    """Put a number before its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
