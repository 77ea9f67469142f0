"""What is found on the way while a project is translated."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..model.problem import Problem
from ..stacks.file_problems import refused_field

NOT_A_NAME = re.compile(r"[^A-Za-z0-9]+")
# Of a path's digest, which tells shortened names apart.
DIGITS = 8


@dataclass(slots=True)
class Notes:
    """What is found on the way.

    :ivar longest: characters that the name of a config may have
    :ivar taken: names of the project's configs
    :ivar warnings: keys, and what is different about each in the swarm
    :ivar problems: what cannot be
    :ivar images: places in the file by the name of the image there
    :ivar files: those of the project that become configs, by the config's name
    """

    longest: int
    taken: frozenset[str] = frozenset()
    warnings: list[tuple[str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    images: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def refuse(self, key: str, found: object, fix: str) -> None:
        """Keep that a key does not work."""
        self.problems.append(refused_field(key, str(found), fix))

    def warn(self, key: str, text: str) -> None:
        """Keep that a key means something else."""
        self.warnings.append((key, text))

    def config(self, file: Path, folder: str) -> str:
        """Return the name of the config that a file of the project becomes, which no other one has."""
        path = str(file.relative_to(folder))
        name = NOT_A_NAME.sub("_", path).strip("_")
        while name in self.taken or self.files.get(name, str(file)) != str(file):
            name += "_"
        name = name if len(name) <= self.longest else _shortened(name, path, self.longest)
        self.files[name] = str(file)
        return name


def _shortened(name: str, path: str, longest: int) -> str:
    """Keep the end of a name, where a path is told from others, and of its beginning a digest."""
    digest = hashlib.sha256(path.encode()).hexdigest()[:DIGITS]
    end = name[-max(longest - DIGITS - 1, 1) :].strip("_")
    return f"{digest}_{end}"


def without_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what says nothing: Compose prints keys without a value, and ``privileged: false`` is everywhere so."""
    return {key: value for key, value in fields.items() if not (value is None or value is False or value in ({}, []))}


def plain(text: str) -> str:
    """Return a text as it is meant: Compose doubles each dollar sign in what it prints."""
    return text.replace("$$", "$")
