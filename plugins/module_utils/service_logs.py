"""Read what the tasks of services have written, over all nodes: a manager's engine asks the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from .engine import Engine

# As the engine begins a line that was asked for with its time and its details (moby, httputils.WriteLogStream).
TASK, NODE = "com.docker.swarm.task.id", "com.docker.swarm.node.id"


@dataclass(frozen=True)
class LogLine:
    """A line that a task has written.

    :ivar time: in UTC, as RFC 3339 has it with nine digits of a second, so that texts are in the order of times
    :ivar task: such as ``shop_web.3``; a global service's has the node's name behind the dot
    :ivar node: host name of the node that it ran on
    """

    time: str
    task: str
    node: str
    text: str


def read(engine: Engine, services: Sequence[str], since: float, lines: int | None) -> list[LogLine]:
    """Read the logs of services, oldest line first.

    :param services: full names
    :param since: seconds since 1970, ``0`` for all that there is
    :param lines: how many of each task at most; all without
    :raise EngineError: this engine is no manager's, or there is no such service
    """
    nodes = {node["ID"]: node["Description"].get("Hostname", "") for node in engine.get("/nodes")}
    slots = {task["ID"]: task.get("Slot") for task in engine.get("/tasks")}
    found: list[LogLine] = []
    for service in services:
        found += parse(engine.get_service_logs(service, since, lines), service, nodes, slots)
    return sorted(found, key=lambda line: line.time)


def parse(
    lines: Sequence[str], service: str, nodes: Mapping[str, str], slots: Mapping[str, int | None]
) -> Iterator[LogLine]:
    """Take the engine's lines apart.

    :param nodes: host name by ID
    :param slots: number of each task, by ID; of those that are forgotten there is none
    """
    for line in lines:
        time, _, rest = line.partition(" ")
        details, _, text = rest.partition(" ")
        given = dict(parse_qsl(details.replace(",", "&")))
        node = nodes.get(given.get(NODE, ""), "a node that is gone")
        yield LogLine(time=time, task=f"{service}.{slots.get(given.get(TASK, '')) or node}", node=node, text=text)
