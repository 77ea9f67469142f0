"""Compare what a role wants on a host with what was seen there.

What a role wants is its ``__ROLE_wanted`` (see ``flotilla.swarm.observe``); what was seen is that module's result.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Act:
    """One thing to do on one host.

    :ivar role: role that does it
    :ivar text: what is done, as a person would say it, such as ``"install docker.io"``
    :ivar before: state before, for ``--diff``
    :ivar after: state after
    :ivar path: file that before and after are the contents of, or ``""``
    """

    role: str
    text: str
    before: str = ""
    after: str = ""
    path: str = ""


def compare(role, wanted, seen):
    """List what a role has to do on a host.

    :param wanted: dict with ``packages``, ``files``, ``services``, ``settings`` (the files that the services read when
        they start), ``modules``; each may be missing
    :param seen: ``seen`` of ``flotilla.swarm.observe``
    :return: list of ``Act``, in the order of doing; empty when the host is as wanted
    """
    return [
        *_files(role, wanted.get("files", {}), seen["files"]),
        *_modules(role, wanted.get("modules", []), seen["modules"]),
        *_packages(role, wanted.get("packages", []), seen["packages"]),
        *_services(role, wanted, seen),
    ]


def is_stale(wanted, seen):
    """Tell whether a running service of this role started before its newest settings, or will get new ones.

    :return: bool; ``False`` where nothing runs yet, since a start reads the settings anyway
    """
    running = [seen["services"][name] for name in wanted.get("services", []) if seen["services"][name]["active"]]
    if not running:
        return False
    started = min(service["started"] for service in running)
    files = {path: (wanted["files"][path], seen["files"][path]) for path in wanted.get("settings", [])}
    return any(found is None or differs(entry, found) or found["mtime"] > started for entry, found in files.values())


def differs(entry, found):
    """Tell whether a file that is there has another content or mode than wanted.

    :param entry: ``{"text": str or None, "mode": "0644"}``; a text of ``None`` accepts any content
    """
    text = entry.get("text")
    other = text is not None and hashlib.sha256(text.encode()).hexdigest() != found["sha256"]
    return other or entry.get("mode", found["mode"]) != found["mode"]


def _files(role, wanted, seen):
    for path, entry in wanted.items():
        found, text = seen[path], entry.get("text")
        if found is None:
            yield Act(role, f"write {path}" if text is not None else f"make {path}", "", text or "", path)
        elif differs(entry, found):
            yield Act(role, f"correct {path}", found["text"] or "", text or "", path)


def _modules(role, wanted, seen):
    missing = [name for name in wanted if seen[name] != "loaded"]
    if missing:
        yield Act(role, f"load kernel modules {', '.join(missing)}")


def _packages(role, wanted, seen):
    missing = [name for name in wanted if not seen[name]]
    if missing:
        yield Act(role, f"install {', '.join(missing)}")


def _services(role, wanted, seen):
    for name in wanted.get("services", []):
        state = seen["services"][name]
        if not state["active"]:
            yield Act(role, f"start {name}")
        elif not state["enabled"]:
            yield Act(role, f"enable {name} at boot")
        elif is_stale(wanted, seen):
            yield Act(role, f"restart {name}, which runs with older settings")
