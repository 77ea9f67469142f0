"""Compare what a role wants on a host with what was observed there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from ...module_utils.daemon_config import without_logins
from ...module_utils.observation import Observed
from ...module_utils.observation.host import File
from ..model import desired
from ..model.change import Change

RESTART_REPLACED = "restart {}, whose package was upgraded after it started"


def compare(role: desired.Role, observed: Observed) -> list[Change]:
    """List what a role has to do on a host, in the order of doing; empty when the host is as it should be."""
    return [
        *_files(role.files, observed),
        *_modules(role.modules, observed),
        *_packages(role.packages, observed),
        *_services(role, observed),
    ]


def is_stale(role: desired.Role, observed: Observed) -> bool:
    """Tell whether a running service of this role started before its newest settings or program, or will get new ones.

    :return: ``False`` where nothing runs yet, since a start reads the settings anyway
    """
    return is_replaced(role, observed) or _has_older_settings(role, observed)


def is_replaced(role: desired.Role, observed: Observed) -> bool:
    """Tell whether a running service of this role started before its package was upgraded."""
    return any(observed.services[name].replaced for name in role.services)


def _has_older_settings(role: desired.Role, observed: Observed) -> bool:
    running = [observed.services[name].started for name in role.services if observed.services[name].active]
    files = ((role.files[path], observed.files[path]) for path in role.settings)
    return bool(running) and any(
        found is None or _has_other_text(file, found) or found.mtime > min(running) for file, found in files
    )


def differs(file: desired.File, found: File) -> bool:
    """Tell whether a file that is there has another content or mode than it should."""
    return _has_other_text(file, found) or (file.mode or found.mode) != found.mode


def _has_other_text(file: desired.File, found: File) -> bool:
    return file.text is not None and hashlib.sha256(file.text.encode()).hexdigest() != found.sha256


def _files(files: Mapping[str, desired.File], observed: Observed) -> Iterator[Change]:
    for path, file in files.items():
        found = observed.files[path]
        if found is None:
            yield Change(f"{'make' if file.text is None else 'write'} {path}", "", _shown(file.text), path)
        elif differs(file, found):
            yield Change(f"correct {path}", _shown(found.text), _shown(file.text), path)


def _shown(text: str | None) -> str:
    return without_logins(text or "")


def _modules(modules: Sequence[str], observed: Observed) -> Iterator[Change]:
    missing = [module for module in modules if observed.modules[module] != "loaded"]
    if missing:
        yield Change(f"load kernel modules {', '.join(missing)}")


def missing(packages: Sequence[str], observed: Observed) -> tuple[str, ...]:
    """Name the packages that are not there, or not completely."""
    return tuple(package for package in packages if not observed.packages.get(package))


def _packages(packages: Sequence[str], observed: Observed) -> Iterator[Change]:
    if lacking := missing(packages, observed):
        yield Change(f"install {', '.join(lacking)}")


def _services(role: desired.Role, observed: Observed) -> Iterator[Change]:
    for service in role.services:
        unit = observed.services[service]
        if not unit.active:
            yield Change(f"start {service}")
        elif not unit.enabled:
            yield Change(f"enable {service} at boot")
        elif unit.replaced:
            yield Change(RESTART_REPLACED.format(service))
        elif _has_older_settings(role, observed):
            yield Change(f"restart {service}, which runs with older settings")
