"""What is observed of packages that have newer versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Upgrades:
    """Newer versions that apt would install, as far as it was asked for them.

    :ivar packages: the version that each installed package would get
    :ivar held: those of them that apt was told to keep, at a version that the site pins
    :ivar reboot: why the host says that it needs a reboot, ``""`` where it does not
    """

    packages: Mapping[str, str] = field(default_factory=dict)
    held: tuple[str, ...] = ()
    reboot: str = ""
