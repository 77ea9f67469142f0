"""What is found on the way while a project is translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model.problem import Problem
from ..stacks.file_problems import refused_field


@dataclass(slots=True)
class Notes:
    """What is found on the way.

    :ivar warnings: what is different in the swarm
    :ivar problems: what cannot be
    :ivar images: places in the file by the name of the image there
    :ivar files: those of the project that become configs, by the config's name
    """

    warnings: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    images: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def refuse(self, key: str, found: object, fix: str) -> None:
        """Keep that a key does not work."""
        self.problems.append(refused_field(key, str(found), fix))

    def warn(self, key: str, text: str) -> None:
        """Keep that a key means something else."""
        self.warnings.append(f"{key}: {text}")


def without_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what says nothing: Compose prints keys without a value, and ``privileged: false`` is everywhere so."""
    return {key: value for key, value in fields.items() if not (value is None or value is False or value in ({}, []))}
