"""The arguments of role registry's phases."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeRegistry:
    """Serve the registry.

    :ivar restart: whether a running one works with older settings
    """

    restart: bool
