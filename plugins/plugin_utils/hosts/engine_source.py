"""Decide where a host's engine comes from, at which version, and whether apt may change it.

An engine that is there is adopted: flotilla never replaces one source's engine by another's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from ...module_utils.observation import Observed
from ..model import desired
from ..model.change import Change
from ..model.desired import File, Role
from ..model.problem import Code, Problem
from .state import compare
from .systems import ENGINE, SYSTEMS

VERSION = re.compile(r"\d+\.\d+\.\d+")
# Says which packages flotilla holds, so that only those are released again.
PIN = "/etc/apt/preferences.d/flotilla-docker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What a host has to have as its engine.

    :ivar packages: names
    :ivar requests: the same as apt is asked for them, with the version where one is set
    :ivar builder: packages that build images with this engine
    :ivar files: what apt must have, by path
    :ivar hold: packages whose version nobody but flotilla changes, and that are not held yet
    :ivar unhold: packages to release again
    :ivar change: whether a package that is there gets another version
    :ivar changes: what there is to do
    :ivar note: what a user should read, ``""`` when all is as the variables say
    """

    packages: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    builder: tuple[str, ...] = ()
    files: Mapping[str, File] = field(default_factory=dict)
    hold: tuple[str, ...] = ()
    unhold: tuple[str, ...] = ()
    change: bool = False
    changes: tuple[Change, ...] = ()
    note: str = ""


def decide(settings: desired.Engine | None, observed: Observed) -> Engine:
    """Decide on a host's engine.

    :param settings: ``None`` where no engine is to be
    """
    if not settings:
        return Engine()
    found = installed(settings, observed)
    source = settings.sources.get(found, settings.sources[settings.source])
    packages = () if found == "other" else source.packages
    # The engine's companions, such as containerd.io, have versions of their own.
    versioned = tuple(name for name in packages if name.startswith("docker"))
    others = tuple(name for name in versioned if settings.version and _differs(settings, observed.packages[name]))
    pinned = settings.version and versioned
    files = dict(_files(settings, found, bool(pinned)))
    # apt forgets a hold when it is made to change the package.
    hold = tuple(name for name in versioned if name not in observed.held or name in others) if pinned else ()
    free = not pinned and observed.files.get(PIN)
    unhold = tuple(name for name in versioned if name in observed.held) if free else ()
    pattern = {name: f"{name}={settings.pattern}" for name in versioned if settings.version}
    return Engine(
        packages=packages,
        requests=tuple(pattern.get(name, name) for name in packages),
        builder=(source.builder,),
        files=files,
        hold=hold,
        unhold=unhold,
        change=bool(others),
        changes=(
            *compare(Role(files=files, packages=packages), observed),
            *_versions(settings.version, others, observed),
            *([Change(f"hold {', '.join(hold)} at {settings.version}")] if hold else []),
            *_unpin(files, unhold, observed),
        ),
        note=_note(settings, observed, found),
    )


def _files(settings: desired.Engine, found: str, pinned: bool) -> Iterator[tuple[str, File]]:
    """Choose what apt must have: the vendor's source, and the version."""
    if settings.source == "vendor" and found in ("", "vendor"):
        yield from ((path, file) for path, file in settings.files.items() if path != PIN)
    if pinned:
        yield PIN, settings.files[PIN]


def _versions(version: str, others: Sequence[str], observed: Observed) -> Iterator[Change]:
    for name in others:
        yield Change(f"bring {name} from {observed.packages[name]} to {version} (docker_version)")


def _unpin(files: Mapping[str, File], unhold: Sequence[str], observed: Observed) -> Iterator[Change]:
    pin = observed.files.get(PIN)
    if pin and PIN not in files:
        names = f", release {', '.join(unhold)}" if unhold else ""
        yield Change(f"remove {PIN}{names}", pin.text or "", "", PIN)


def _differs(settings: desired.Engine, version: str | None) -> bool:
    """Tell whether a package that is there has another version than it should."""
    return version is not None and not fnmatchcase(version, settings.pattern)


def installed(settings: desired.Engine, observed: Observed) -> str:
    """Tell which source the host's engine is from.

    :return: a source's name; ``"other"`` for an engine that runs and is of none of them; ``""`` where there is none
    """
    there = {name for name in settings.packages if observed.packages.get(name) or name in observed.unfinished}
    # A vendor's engine may need the distribution's parts, never the other way round.
    for name in ("vendor", "distro"):
        if settings.sources[name].packages[0] in there:
            return name
    return "other" if observed.engine and not there else ""


def _note(settings: desired.Engine, observed: Observed, found: str) -> str:
    if found in ("", settings.source):
        return ""
    if found == "other":
        return (
            f"keeps its engine {observed.engine.version if observed.engine else ''}, which is of no package that "
            "flotilla installs; flotilla neither installs nor pins one there"
        )
    return (
        f"keeps its engine {_name(settings, observed, found)}, though docker_source is {settings.source}; set "
        f"docker_source to {found} for it, or change it yourself (docs/engine.md)"
    )


def _name(settings: desired.Engine, observed: Observed, source: str) -> str:
    package = settings.sources[source].packages[0]
    return f"{package} {observed.packages[package] or '(not completely installed)'}"


def problems(name: str, settings: desired.Engine | None, observed: Observed) -> Iterator[Problem]:
    """Find what forbids a run, in the variables about the engine and in the host's engine.

    :param name: the host's inventory name
    :param settings: see ``decide``
    :param observed: see ``decide``
    """
    if settings:
        for check in (_key_is_trusted, _suite_is_the_systems, _version_is_valid, _version_can_be_had):
            yield from check(name, settings, observed)


def _key_is_trusted(name: str, settings: desired.Engine, _observed: Observed) -> Iterator[Problem]:
    if settings.source != "vendor":
        return
    # The text that hosts get, see roles/docker/vars.
    found = f"sha256:{hashlib.sha256(f'{settings.key.strip()}\n'.encode()).hexdigest()}"
    if not settings.key:
        yield Problem(
            code=Code.SETTING_MISSING,
            where="docker_vendor_key",
            hosts=(name,),
            found="no key",
            expected=f"the text of the key that signs {settings.url}",
            fix="Set it; docs/engine.md says where to get it",
        )
    elif found != settings.checksum.strip().lower():
        yield Problem(
            code=Code.KEY_UNTRUSTED,
            where="docker_vendor_key",
            hosts=(name,),
            found=f"a text with checksum {found}",
            expected=f"{settings.checksum} (docker_vendor_key_checksum)",
            fix="Get the right key; where its owner changed it, set its new checksum as docs/engine.md says",
        )


def _suite_is_the_systems(name: str, settings: desired.Engine, observed: Observed) -> Iterator[Problem]:
    """Refuse packages of another release; a suite of a name of its own is the user's affair."""
    system = SYSTEMS.get(observed.system.distribution)
    known = [each.codename for each in SYSTEMS.values()]
    if settings.source == "vendor" and system and settings.suite in known and settings.suite != system.codename:
        yield Problem(
            code=Code.SETTING_CONFLICT,
            where="docker_vendor_suite",
            hosts=(name,),
            found=settings.suite,
            expected=f"{system.codename} for {observed.system.distribution}",
            fix="Set docker_vendor_suite and docker_vendor_url for this host",
        )


def _version_is_valid(name: str, settings: desired.Engine, _observed: Observed) -> Iterator[Problem]:
    version = settings.version
    if version and not (VERSION.fullmatch(version) and int(version.split(".")[0]) >= ENGINE):
        yield Problem(
            code=Code.SETTING_INVALID,
            where="docker_version",
            hosts=(name,),
            found=version,
            expected=f"three numbers such as 28.5.1, and {ENGINE} or newer",
            fix="Set docker_version to such a version, or remove it",
        )


def _version_can_be_had(name: str, settings: desired.Engine, observed: Observed) -> Iterator[Problem]:
    """Refuse a version that only an engine of the other source could have."""
    found, version = installed(settings, observed), settings.version
    if not version or found not in settings.sources or found == settings.source:
        return
    if _differs(settings, observed.packages[settings.sources[found].packages[0]]):
        yield Problem(
            code=Code.ENGINE_VERSION,
            where="docker_version",
            hosts=(name,),
            found=f"engine {_name(settings, observed, found)}",
            expected=f"{version} of docker_source {settings.source}",
            fix=f"Set docker_source to {found} and another version for it, or change the engine as docs/engine.md says",
        )
