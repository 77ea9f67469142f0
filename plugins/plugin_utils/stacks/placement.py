"""Tell where the tasks of a service may run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...module_utils.observation.swarm import Node

CONSTRAINT = re.compile(r"\s*([\w./-]+)\s*(==|!=)\s*(.+?)\s*")


class FieldError(ValueError):
    """A field of a service that is not as it should be: its key, what was found, what is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A host as a node that services are placed on, as it will be when the stack is deployed.

    :ivar id: ``""`` before it joins
    """

    name: str
    id: str
    hostname: str
    role: str
    labels: Mapping[str, str]
    cpus: int
    memory_mib: int
    takes_tasks: bool = True


def of_node(node: Node) -> Candidate:
    """Return a node as constraints judge it, whatever it has room for."""
    return Candidate(
        name=node.hostname,
        id=node.id,
        hostname=node.hostname,
        role=node.role,
        labels=node.labels,
        cpus=0,
        memory_mib=0,
    )


def fits(constraints: Iterable[str], node: Candidate) -> bool:
    """Tell whether a service's constraints let a node run its tasks; what only the engine can tell is left to it.

    :raise FieldError: a constraint is none
    """
    return all(_holds(text, node) for text in constraints)


def check(constraints: Iterable[str]) -> None:
    """Read constraints, so that ``fits`` can judge by them.

    :raise FieldError: a constraint is none
    """
    for text in constraints:
        _read(text)


def is_judged(constraint: str) -> bool:
    """Tell whether ``fits`` judges a constraint; what only the engine can tell, it lets pass."""
    key = constraint.replace("!=", "==").partition("==")[0].strip()
    return key in ("node.id", "node.hostname", "node.role") or key.startswith("node.labels.")


def _read(text: str) -> tuple[str, str, str]:
    match = CONSTRAINT.fullmatch(text)
    if not match:
        raise FieldError("deploy.placement.constraints", text, "KEY == VALUE or KEY != VALUE")
    key, operator, value = match.groups()
    return key, operator, value


def _holds(text: str, node: Candidate) -> bool:
    key, operator, value = _read(text)
    known = {"node.id": node.id, "node.hostname": node.hostname, "node.role": node.role}
    if key.startswith("node.labels."):
        found = node.labels.get(key.removeprefix("node.labels."), "")
    elif key in known and (known[key] or operator == "!="):
        found = known[key]
    else:  # What only the engine can tell, such as engine.labels, it decides itself.
        return True
    return (found.lower() == value.lower()) == (operator == "==")
