"""Recognise the rules by which flotilla keeps strangers from the cluster's ports, as the kernel has them.

They are chains of their own in the tables raw and mangle, and what leads to them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator

from .host import Run, output
from .observation.network import OwnRules

CHAIN = "FLOTILLA"
# Asked for what a host forwards, once it is known where that goes.
FORWARD = f"{CHAIN}-FORWARD"
# By table, what leads packets there, as iptables-save prints it.
ENTRIES = {"raw": f"-A PREROUTING -j {CHAIN}", "mangle": f"-A FORWARD -j {FORWARD}"}
# There is none where the kernel does without IPv6.
IPV6 = "/proc/net/if_inet6"


def observe(run: Run, saved: str | None) -> OwnRules:
    """Tell which rules of flotilla's own the kernel has.

    :param run: runs a command, see ``host.Run``
    :param saved: the rules of all tables for IPv4, as ``iptables-save`` prints them; ``None`` where it does not
    """
    saved6 = output(run, ["ip6tables-save"]) if os.path.exists(IPV6) else None
    return OwnRules(*(None if text is None else digest(_own(text)) for text in (saved, saved6)))


def digest(lines: Iterable[str]) -> str:
    """Recognise rules later without keeping them.

    :param lines: as ``iptables-save`` prints them; of which chain it prints the rules first is its own
    :return: hexadecimal, ``""`` for none
    """
    found = sorted(lines, key=lambda line: line.split()[1])
    return hashlib.sha256("\n".join(found).encode()).hexdigest() if found else ""


def _own(saved: str) -> Iterator[str]:
    table = ""
    for line in saved.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif table in ENTRIES and (line == ENTRIES[table] or line.startswith(f"-A {CHAIN}")):
            yield line
