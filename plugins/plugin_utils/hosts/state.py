"""Compare what a role wants on a host with what was seen there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from ..model import desired, observation
from ..model.change import Change
from ..model.observation import Seen


def compare(role: str, wanted: desired.Role, seen: Seen) -> list[Change]:
    """List what a role has to do on a host, in the order of doing; empty when the host is as it should be."""
    return [
        *_files(role, wanted.files, seen),
        *_modules(role, wanted.modules, seen),
        *_packages(role, wanted.packages, seen),
        *_services(role, wanted, seen),
    ]


def is_stale(wanted: desired.Role, seen: Seen) -> bool:
    """Tell whether a running service of this role started before its newest settings, or will get new ones.

    :return: ``False`` where nothing runs yet, since a start reads the settings anyway
    """
    running = [seen.services[name].started for name in wanted.services if seen.services[name].active]
    files = ((wanted.files[path], seen.files[path]) for path in wanted.settings)
    return bool(running) and any(
        found is None or differs(file, found) or found.mtime > min(running) for file, found in files
    )


def differs(file: desired.File, found: observation.File) -> bool:
    """Tell whether a file that is there has another content or mode than it should."""
    other = file.text is not None and hashlib.sha256(file.text.encode()).hexdigest() != found.sha256
    return other or (file.mode or found.mode) != found.mode


def _files(role: str, files: Mapping[str, desired.File], seen: Seen) -> Iterator[Change]:
    for path, file in files.items():
        found = seen.files[path]
        if found is None:
            yield Change(role, f"{'make' if file.text is None else 'write'} {path}", "", file.text or "", path)
        elif differs(file, found):
            yield Change(role, f"correct {path}", found.text or "", file.text or "", path)


def _modules(role: str, modules: Sequence[str], seen: Seen) -> Iterator[Change]:
    missing = [name for name in modules if seen.modules[name] != "loaded"]
    if missing:
        yield Change(role, f"load kernel modules {', '.join(missing)}")


def _packages(role: str, packages: Sequence[str], seen: Seen) -> Iterator[Change]:
    missing = [name for name in packages if not seen.packages[name]]
    if missing:
        yield Change(role, f"install {', '.join(missing)}")


def _services(role: str, wanted: desired.Role, seen: Seen) -> Iterator[Change]:
    for name in wanted.services:
        unit = seen.services[name]
        if not unit.active:
            yield Change(role, f"start {name}")
        elif not unit.enabled:
            yield Change(role, f"enable {name} at boot")
        elif is_stale(wanted, seen):
            yield Change(role, f"restart {name}, which runs with older settings")
