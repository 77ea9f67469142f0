"""Read which Debian packages a host has, and where an installation of some was interrupted.

From dpkg's own files: a fork of ``dpkg-query`` would read the same ones a second time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from .host import read_text

ADMIN = "/var/lib/dpkg"
# States on the way to "installed"; https://manpages.debian.org/dpkg.1
ON_THE_WAY = ("half-installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending")
FIELD = re.compile(r"^(Package|Status|Version): (.*)$", re.MULTILINE)


class Package(NamedTuple):
    """What dpkg notes of a package.

    :ivar selection: what is to become of it: ``install``, ``hold``, ``deinstall`` or ``purge``
    :ivar state: what it is: ``installed``, ``config-files``, one of ``ON_THE_WAY`` ...
    :ivar version: ``""`` where nothing was unpacked
    """

    selection: str
    state: str
    version: str


class Packages(NamedTuple):
    """What is installed; for the fields see ``Observed`` in module_utils/observation.

    :ivar interrupted: also while dpkg is at work; without its journal apt refuses to begin
    """

    packages: dict[str, str | None]
    held: tuple[str, ...]
    unfinished: tuple[str, ...]
    interrupted: tuple[str, ...]


def packages(names: Collection[str], admin: str = ADMIN) -> Packages:
    """Describe packages.

    :param names: of those that are asked for
    :param admin: dpkg's folder
    """
    journal = _journal(admin)
    noted: dict[str, Package] = {}
    for path in (f"{admin}/status", *(f"{admin}/updates/{name}" for name in journal)):
        noted.update(_stanzas(read_text(path) or ""))
    asked = {name: noted[name] for name in names if name in noted}
    installed = {
        name: package.version
        for name, package in asked.items()
        if package.state == "installed" and package.selection in ("install", "hold")
    }
    on_the_way = {name for name, package in noted.items() if package.state in ON_THE_WAY}
    return Packages(
        packages={name: installed.get(name) for name in names},
        held=tuple(name for name, package in asked.items() if package.selection == "hold"),
        unfinished=tuple(name for name in asked if name in on_the_way),
        interrupted=tuple(sorted(on_the_way | ({"dpkg"} if journal else set()))),
    )


def _journal(admin: str) -> Sequence[str]:
    """Name the files with changes that are not in the status file yet, oldest first."""
    try:
        return sorted(name for name in os.listdir(f"{admin}/updates") if name.isdecimal())
    except OSError:
        return []


def _stanzas(text: str) -> Iterator[tuple[str, Package]]:
    for stanza in text.split("\n\n"):
        fields = dict(FIELD.findall(stanza))
        selection, _flag, state = (fields.get("Status", "").split() + [""] * 3)[:3]
        if "Package" in fields:
            yield fields["Package"], Package(selection, state, fields.get("Version", ""))
