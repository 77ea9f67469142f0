"""Say in lines what an eviction cut off and rotated, and what is left to do."""

from __future__ import annotations

from collections.abc import Sequence


def eviction_lines(host: str, done: Sequence[str], yours: Sequence[str], stays: Sequence[str]) -> list[str]:
    """Say at the end of an eviction what became of all that the host could read.

    :param host: what its user calls it
    :param done: what was cut off and rotated
    :param yours: what only the user can rotate
    :param stays: what stays valid for a while
    """
    lines = [f"{host} is cut off. Cut off and rotated:", *_items(done)]
    lines += ["Only you can rotate:", *_items(yours)]
    lines += ["Stays valid for a while:", *_items(stays)]
    return lines


def _items(sentences: Sequence[str]) -> list[str]:
    return [f"  - {sentence}" for sentence in sentences]
