"""The arguments that phases of more than one role have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """A phase that needs no arguments: being in it is all that there is to decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page that a node answers."""

    port: int
    path: str
