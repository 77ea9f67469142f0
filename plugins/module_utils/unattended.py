"""Read which packages a host upgrades by itself (Debian's package unattended-upgrades). Nothing is changed."""

from __future__ import annotations

import os
import re
from collections.abc import Collection

from .host import Run

TIMER = "apt-daily-upgrade.timer"
PROGRAM = "/usr/bin/unattended-upgrade"
# As "apt-config dump" prints them, https://wiki.debian.org/UnattendedUpgrades.
SWITCH = re.compile(r'^APT::Periodic::Unattended-Upgrade "([^"]*)";$', re.MULTILINE)
EXCLUDED = re.compile(r'^Unattended-Upgrade::Package-Blacklist:: "([^"]*)";$', re.MULTILINE)


def upgraded(run: Run, names: Collection[str], program: str = PROGRAM) -> tuple[str, ...]:
    """List the packages that may get a newer version at any time, from an archive that is allowed to.

    :param names: of the packages that are asked for, whether they are installed or not
    """
    if not names or not os.path.exists(program):
        return ()
    _code, dump, _errors = run(["apt-config", "dump"])
    found = choose(dump, names)
    _code, timer, _errors = run(["systemctl", "is-enabled", TIMER]) if found else (0, "", "")
    return () if timer.strip() in ("disabled", "masked") else found


def choose(dump: str, names: Collection[str]) -> tuple[str, ...]:
    """Choose the packages by apt's configuration.

    :param dump: what ``apt-config dump`` prints
    """
    switch = SWITCH.search(dump)
    if not switch or switch[1] in ("", "0"):
        return ()
    excluded = [re.compile(pattern) for pattern in EXCLUDED.findall(dump)]
    return tuple(name for name in names if not any(pattern.match(name) for pattern in excluded))
