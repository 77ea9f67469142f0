"""How many hosts a rolling change takes at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass

BATCH_SIZE = re.compile(r"[1-9]\d*%?")


@dataclass(frozen=True, slots=True)
class BatchSize:
    """How many workers are changed at a time: a number, or a share of all workers.

    :ivar text: as the user wrote it, such as ``3`` or ``10%``
    """

    text: str = "1"

    @property
    def is_valid(self) -> bool:
        """Tell whether it is one or more, or a share of no more than all."""
        match = BATCH_SIZE.fullmatch(self.text)
        return bool(match) and (not self.text.endswith("%") or int(self.text[:-1]) <= 100)

    def size(self, workers: int) -> int:
        """Return the number, at least one, out of so many workers; of what is no size, a check tells."""
        if not self.is_valid:
            return 1
        number = int(self.text.removesuffix("%"))
        return max(workers * number // 100, 1) if self.text.endswith("%") else number


SINGLY = BatchSize()
