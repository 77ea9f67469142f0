"""What is observed of packages that have newer versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# What runs beneath every engine, of any source.
RUNTIME = ("containerd", "containerd.io", "runc")


@dataclass(frozen=True)
class Upgrades:
    """Newer versions that apt would install, as far as it was asked for them.

    :ivar packages: the version that each installed package would get
    :ivar held: those of them that apt was told to keep, at a version that the site pins
    :ivar reboot: why the host says that it needs a reboot, ``""`` where it does not
    :ivar lists_at: when the lists of packages were fetched, in seconds since 1970, 0 where there are none
    :ivar unknown: why apt cannot tell, where that is a part of the answer
    :ivar images: packages with security updates in the image of a service that runs here, by its name
    :ivar support_ends: the day until which the host's release gets security updates, ``""`` where nothing here tells it
    """

    packages: Mapping[str, str] = field(default_factory=dict)
    held: tuple[str, ...] = ()
    reboot: str = ""
    lists_at: int = 0
    unknown: str = ""
    images: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    support_ends: str = ""
