"""The arguments of role firewall's phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...model.desired import File


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFirewall:
    """Set the rules that keep strangers out.

    :ivar files: rules, and what sets them at boot, by path
    :ivar packages: those that were missing, for which the lists of packages are fetched
    """

    files: Mapping[str, File]
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveFirewall:
    """Take these rules off.

    :ivar unit: whether there is a unit that sets them at boot
    :ivar paths: files that are removed
    """

    unit: bool
    paths: tuple[str, ...]
