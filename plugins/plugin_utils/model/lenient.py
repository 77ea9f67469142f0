"""Read what users write in several ways; what is none of them is nothing, of which a check tells."""

from __future__ import annotations

from collections.abc import Iterable


def words(value: object) -> tuple[str, ...]:
    """Read a list of words; on the command line it is written with commas."""
    given = value.split(",") if isinstance(value, str) else value
    return tuple(str(each) for each in given) if isinstance(given, Iterable) else ()


def number(value: object) -> int:
    """Read a whole number, ``0`` where it is none."""
    try:
        return int(str(value))
    except ValueError:
        return 0
