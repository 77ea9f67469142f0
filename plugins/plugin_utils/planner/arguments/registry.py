"""The arguments of role registry's phases."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeRegistry:
    """Serve the registry.

    :ivar packages: those that are missing
    :ivar restart: whether a running one works with older settings
    :ivar renew: whether its account gets another password though it has one
    """

    packages: tuple[str, ...]
    restart: bool
    renew: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanRegistry:
    """Delete images in the registry and free their space.

    :ivar deleted: folders that make them images, below that of the registry's repositories
    """

    deleted: tuple[str, ...]
