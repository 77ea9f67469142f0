"""Say why the upgrade of a host failed, and in what state that leaves a site whose hosts are upgraded one by one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...module_utils.daemon_config import without_logins
from .engine_restart import End, why_not_started

# What apt and dpkg begin an error with; dpkg's reason is in the line behind it.
ERROR = re.compile(r"^(?:E: .*|dpkg: error .*(?:\n .*)?)$", re.MULTILINE)


def what_apt_said(result: Mapping[str, object]) -> str:
    """Find in the result of a task the errors of apt and dpkg, ``""`` for none; without logins in addresses."""
    printed = "\n".join(str(result.get(key) or "") for key in ("stdout", "stderr"))
    errors = dict.fromkeys(" ".join(error.split()).rstrip(":") for error in ERROR.findall(printed))
    return without_logins("; ".join(errors))


def failure_lines(reason: str, apt: str, journal: str, end: End) -> str:
    """Say why a host was not upgraded, how the site is now, and what to do.

    :param reason: why the task failed
    :param apt: see ``what_apt_said``
    :param journal: of its engine, see ``why_not_started``
    :return: text of several lines
    """
    why = why_not_started(journal)
    lines = [f"{end.host}: it was not upgraded, or only in part; apt said: {apt}" if apt else f"{end.host}: {reason}"]
    lines += [f"Its engine did not start: {why}"] * bool(why)
    lines += end.lines("No further host was upgraded, and the run ended here.")
    start = ", run site.yml, which starts this engine," if why else ""
    more = f"On {end.host}, journalctl --unit docker tells more. " if not apt or why else ""
    lines.append(f"{more}Repair what is named{start} and run playbooks/upgrade.yml again: it goes on where it stopped.")
    return "\n".join(lines)
