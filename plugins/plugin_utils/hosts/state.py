"""Compare what a role wants on a host with what was observed there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

from ...module_utils.daemon_config import without_logins
from ...module_utils.observation import Observed
from ...module_utils.observation.host import File
from ..model import desired
from ..model.change import Change

RELOAD = "let {} take up {}, which needs no restart"
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


def reloads(role: desired.Role, observed: Observed) -> tuple[str, ...]:
    """Name the settings that running services of this role take up without a restart.

    :return: empty where none differs, or where they are restarted, as for another that differs as well
    """
    changed = [path for path in role.settings if _is_older(role, observed, path)]
    reloaded = [_reloaded(role, observed, path) for path in changed]
    return tuple(sorted({key for keys in reloaded for key in keys})) if all(reloaded) else ()


def _has_older_settings(role: desired.Role, observed: Observed) -> bool:
    return any(_is_older(role, observed, path) for path in role.settings)


def _is_older(role: desired.Role, observed: Observed, path: str) -> bool:
    """Tell whether a running service does not have what its file with settings is to say."""
    found, running = observed.files[path], _running(role, observed)
    return bool(running) and (found is None or _has_other_text(role.files[path], found) or found.mtime > min(running))


def _running(role: desired.Role, observed: Observed) -> list[int]:
    return [observed.services[name].started for name in role.services if observed.services[name].active]


def _reloaded(role: desired.Role, observed: Observed, path: str) -> set[str]:
    """Name the keys that a reload brings, of a file in which nothing else differs.

    What is left out or empty keeps its value at a reload. A file that is newer than its service says nothing of what
    that has.
    """
    found = observed.files[path]
    if found is None or found.mtime > min(_running(role, observed)) or not _can_reload(role, observed):
        return set()
    before, after = _settings(found.text), _settings(role.files[path].text)
    if before is None or after is None:
        return set()
    differing = {key for key in {*before, *after} if (key in before, before.get(key)) != (key in after, after.get(key))}
    return differing if differing <= {key for key in role.reloadable if after.get(key)} else set()


def _can_reload(role: desired.Role, observed: Observed) -> bool:
    """Tell whether the services run their newest program, and with no flag that a reload may put out of force."""
    flags = {flag for name in role.services for flag in observed.services[name].flags}
    return not is_replaced(role, observed) and flags <= {*role.flags_kept_by_reload}


def _settings(text: str | None) -> Mapping[str, object] | None:
    """Read a file of JSON; ``None`` where it is something else."""
    try:
        read = json.loads(text or "")
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


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
    if lacking := unloaded(modules, observed):
        yield Change(f"load kernel modules {', '.join(lacking)}")


def unloaded(modules: Sequence[str], observed: Observed) -> tuple[str, ...]:
    """Name the kernel modules that are not loaded."""
    return tuple(module for module in modules if observed.modules[module] != "loaded")


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
            continue
        if not unit.enabled:
            yield Change(f"enable {service} at boot")
        if unit.replaced:
            yield Change(RESTART_REPLACED.format(service))
        elif taken_up := reloads(role, observed):
            yield Change(RELOAD.format(service, ", ".join(taken_up)))
        elif _has_older_settings(role, observed):
            yield Change(f"restart {service}, which runs with older settings")
