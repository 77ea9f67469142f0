"""Tell where an installation of Debian packages was interrupted."""

from __future__ import annotations

import os
import re

from .host import read_text

ADMIN = "/var/lib/dpkg"
# States on the way to "installed"; https://manpages.debian.org/dpkg.1
ON_THE_WAY = ("half-installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending")
STANZA = re.compile(r"^Package: (\S+)$.*?^Status: \S+ \S+ (\S+)$", re.MULTILINE | re.DOTALL)


def interrupted(admin=ADMIN):
    """List what dpkg has begun and not finished, also while it is at work.

    :param admin: dpkg's folder
    :return: sorted list of package names; ``dpkg`` stands for its journal, without which apt refuses to begin
    """
    try:
        journal = sorted(name for name in os.listdir(f"{admin}/updates") if name.isdecimal())
    except OSError:
        journal = []
    states = {}
    for path in (f"{admin}/status", *(f"{admin}/updates/{name}" for name in journal)):
        states.update(STANZA.findall(read_text(path) or ""))
    found = {name for name, state in states.items() if state in ON_THE_WAY}
    return sorted(found | ({"dpkg"} if journal else set()))
