"""Measurements with their spread, ratios of what was measured in turn, and the targets that they are held to."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What one thing was measured to be, in the order of the measurements.

    :param values: at least one; all in the same unit
    """

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """Return the median."""
        return statistics.median(self.values)

    def cells(self, digits: int) -> list[str]:
        """Return median, min, max and n for a table."""
        numbers = (self.median, min(self.values), max(self.values))
        return [*(f"{number:.{digits}f}" for number in numbers), str(len(self.values))]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    """Divide pair by pair: both of a pair were measured one after the other and saw the same machine.

    :param ours: dividends
    :param theirs: divisors, as many
    :raise ValueError: there are not as many of the one as of the other
    """
    return Figure(tuple(mine / other for mine, other in zip(ours, theirs, strict=True)))


@dataclass(frozen=True)
class Target:
    """A ratio that is to be kept.

    :param what: the ratio in words, such as ``"observe / raw probe"``
    :param limit: the bound, which the median is held to
    :param measured: the ratio of each pair
    :param at_least: whether the bound is a lower one
    """

    what: str
    limit: float
    measured: Figure
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Tell whether the median keeps the bound."""
        return self.measured.median >= self.limit if self.at_least else self.measured.median <= self.limit

    def cells(self) -> list[str]:
        """Return the target's row: what, bound, median, min, max, n, verdict."""
        bound = f"{'at least' if self.at_least else 'at most'} {self.limit:.1f}"
        return [self.what, bound, *self.measured.cells(2), "met" if self.met else "**not met**"]
