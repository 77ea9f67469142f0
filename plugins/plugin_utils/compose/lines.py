"""Find where a key stands in Compose files, for messages about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from ..model.yaml import LOADER


class Lines:
    """The lines of some Compose files."""

    def __init__(self, files: Sequence[Path]) -> None:
        """Read each file when its lines are asked for.

        :param files: each adds to those before it, or changes them
        """
        self.files = files
        self._roots: dict[Path, yaml.Node | None] = {}

    def name(self, key: str) -> str:
        """Name a key with file and line, where it stands there literally; else the key alone.

        What comes by an anchor, ``extends`` or ``include`` stands elsewhere.

        :param key: such as ``services.web.privileged``
        :return: such as ``services.web.privileged (compose.yml:12)``
        """
        for file in reversed(self.files):
            for node in _find(self._root(file), key):
                return f"{key} ({file.name}:{node.start_mark.line + 1})"
        return key

    def _root(self, file: Path) -> yaml.Node | None:
        if file not in self._roots:
            try:
                self._roots[file] = yaml.compose(file.read_text(), LOADER)
            except (OSError, UnicodeDecodeError, yaml.YAMLError):
                self._roots[file] = None
        return self._roots[file]


def _find(node: yaml.Node | None, key: str) -> Iterator[yaml.Node]:
    """Find the node of a key, whose parts may have dots themselves."""
    for name, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if name.value == key:
            yield name
        elif key.startswith(f"{name.value}."):
            yield from _find(value, key[len(name.value) + 1 :])
