"""Tell which lines of services' logs were not shown before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field


@dataclass
class Shown:
    """What was shown, by who wrote it: the lines of one task are in order, those of others have other nodes' clocks."""

    _last: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, lines: Iterable[Mapping[str, str]]) -> Iterator[Mapping[str, str]]:
        """Give the lines that are new, and take them for shown.

        :param lines: as module ``logs`` returns them, oldest first
        """
        for line in lines:
            writer = (line["task"], line["node"])
            if line["time"] > self._last.get(writer, ""):
                self._last[writer] = line["time"]
                yield line

    @property
    def latest(self) -> str:
        """Return the time of the latest line, ``""`` where there was none."""
        return max(self._last.values(), default="")
