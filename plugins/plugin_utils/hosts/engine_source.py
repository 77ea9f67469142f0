"""Decide where a host's engine comes from, at which version, and whether apt may change it.

An engine that is there is adopted: flotilla never replaces one source's engine by another's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from ..model import desired
from ..model.change import Change
from ..model.desired import File, Role
from ..model.observation import Seen
from ..model.problem import Code, Problem
from . import openpgp
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
    :ivar files: what apt must know, by path
    :ivar hold: packages whose version nobody but flotilla changes, and that are not held yet
    :ivar release: packages to let go again
    :ivar change: whether a package that is there gets another version
    :ivar changes: what there is to do
    :ivar note: what a user should know, ``""`` when all is as the variables say
    """

    packages: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    builder: tuple[str, ...] = ()
    files: Mapping[str, File] = field(default_factory=dict)
    hold: tuple[str, ...] = ()
    release: tuple[str, ...] = ()
    change: bool = False
    changes: tuple[Change, ...] = ()
    note: str = ""


def decide(wanted: desired.Engine | None, seen: Seen) -> Engine:
    """Decide on a host's engine.

    :param wanted: ``None`` where no engine is to be
    """
    if not wanted:
        return Engine()
    found = installed(wanted, seen)
    source = wanted.sources.get(found, wanted.sources[wanted.source])
    packages = () if found == "other" else source.packages
    # The engine's companions, such as containerd.io, have versions of their own.
    versioned = tuple(name for name in packages if name.startswith("docker"))
    others = tuple(name for name in versioned if wanted.version and _differs(wanted, seen.packages[name]))
    pinned = wanted.version and versioned
    files = dict(_files(wanted, found, bool(pinned)))
    # apt forgets a hold when it is made to change the package.
    hold = tuple(name for name in versioned if name not in seen.held or name in others) if pinned else ()
    free = not pinned and seen.files.get(PIN)
    release = tuple(name for name in versioned if name in seen.held) if free else ()
    pattern = {name: f"{name}={wanted.pattern}" for name in versioned if wanted.version}
    return Engine(
        packages=packages,
        requests=tuple(pattern.get(name, name) for name in packages),
        builder=(source.builder,),
        files=files,
        hold=hold,
        release=release,
        change=bool(others),
        changes=(
            *compare("docker", Role(files=files, packages=packages), seen),
            *_versions(wanted.version, others, seen),
            *([Change("docker", f"hold {', '.join(hold)} at {wanted.version}")] if hold else []),
            *_unpin(files, release, seen),
        ),
        note=_note(wanted, seen, found),
    )


def _files(wanted: desired.Engine, found: str, pinned: bool) -> Iterator[tuple[str, File]]:
    """Choose what apt must know: the vendor's source, and the version."""
    if wanted.source == "vendor" and found in ("", "vendor"):
        yield from ((path, file) for path, file in wanted.files.items() if path != PIN)
    if pinned:
        yield PIN, wanted.files[PIN]


def _versions(version: str, others: Sequence[str], seen: Seen) -> Iterator[Change]:
    for name in others:
        yield Change("docker", f"bring {name} from {seen.packages[name]} to {version} (docker_version)")


def _unpin(files: Mapping[str, File], release: Sequence[str], seen: Seen) -> Iterator[Change]:
    pin = seen.files.get(PIN)
    if pin and PIN not in files:
        names = f", release {', '.join(release)}" if release else ""
        yield Change("docker", f"remove {PIN}{names}", pin.text or "", "", PIN)


def _differs(wanted: desired.Engine, version: str | None) -> bool:
    """Tell whether a package that is there has another version than it should."""
    return version is not None and not fnmatchcase(version, wanted.pattern)


def installed(wanted: desired.Engine, seen: Seen) -> str:
    """Tell which source the host's engine is from.

    :return: a source's name; ``"other"`` for an engine that runs and is of none of them; ``""`` where there is none
    """
    there = {name for name in wanted.packages if seen.packages.get(name) or name in seen.unfinished}
    # A vendor's engine may need the distribution's parts, never the other way round.
    for name in ("vendor", "distro"):
        if wanted.sources[name].packages[0] in there:
            return name
    return "other" if seen.engine and not there else ""


def _note(wanted: desired.Engine, seen: Seen, found: str) -> str:
    if found in ("", wanted.source):
        return ""
    if found == "other":
        return (
            f"keeps its engine {seen.engine.version if seen.engine else ''}, which is of no package that flotilla "
            "knows; flotilla neither installs nor pins one there"
        )
    return (
        f"keeps its engine {_name(wanted, seen, found)}, though docker_source is {wanted.source}; set docker_source "
        f"to {found} for it, or change it by hand (docs/engine.md)"
    )


def _name(wanted: desired.Engine, seen: Seen, source: str) -> str:
    package = wanted.sources[source].packages[0]
    return f"{package} {seen.packages[package] or '(not completely installed)'}"


def problems(name: str, wanted: desired.Engine | None, seen: Seen) -> Iterator[Problem]:
    """Find what forbids a run, in the variables about the engine and in the host's engine.

    :param name: the host's inventory name
    :param wanted: see ``decide``
    :param seen: see ``decide``
    """
    if wanted:
        for check in (_key_is_trusted, _suite_is_the_systems, _version_is_valid, _version_can_be_had):
            yield from check(name, wanted, seen)


def _key_is_trusted(name: str, wanted: desired.Engine, _seen: Seen) -> Iterator[Problem]:
    if wanted.source != "vendor":
        return
    owner = "".join(wanted.fingerprint.split()).upper()
    try:
        found = " and ".join(openpgp.fingerprints(wanted.key)) if wanted.key else ""
    except openpgp.KeyFormatError as error:
        yield Problem(
            code=Code.SETTING_INVALID,
            where="docker_vendor_key",
            hosts=(name,),
            found=f"no key: {error}",
            expected=f"the text of the key that signs {wanted.url}",
            fix="Set it; docs/engine.md says where to get it",
        )
        return
    if not wanted.key:
        yield Problem(
            code=Code.SETTING_MISSING,
            where="docker_vendor_key",
            hosts=(name,),
            found="no key",
            expected=f"the text of the key that signs {wanted.url}",
            fix="Set it; docs/engine.md says where to get it",
        )
    elif found != owner:
        yield Problem(
            code=Code.KEY_UNTRUSTED,
            where="docker_vendor_key",
            hosts=(name,),
            found=f"fingerprint {found}",
            expected=f"{owner} (docker_vendor_key_fingerprint)",
            fix="Get the right key, or ask its owner for the right fingerprint",
        )


def _suite_is_the_systems(name: str, wanted: desired.Engine, seen: Seen) -> Iterator[Problem]:
    """Refuse packages of another release; a suite of a name of its own is the user's affair."""
    system = SYSTEMS.get(seen.system.distribution)
    known = [each.codename for each in SYSTEMS.values()]
    if wanted.source == "vendor" and system and wanted.suite in known and wanted.suite != system.codename:
        yield Problem(
            code=Code.SETTING_CONFLICT,
            where="docker_vendor_suite",
            hosts=(name,),
            found=wanted.suite,
            expected=f"{system.codename} for {seen.system.distribution}",
            fix="Set docker_vendor_suite and docker_vendor_url for this host",
        )


def _version_is_valid(name: str, wanted: desired.Engine, _seen: Seen) -> Iterator[Problem]:
    version = wanted.version
    if version and not (VERSION.fullmatch(version) and int(version.split(".")[0]) >= ENGINE):
        yield Problem(
            code=Code.SETTING_INVALID,
            where="docker_version",
            hosts=(name,),
            found=version,
            expected=f"three numbers such as 28.5.1, and {ENGINE} or newer",
            fix="Set docker_version to such a version, or remove it",
        )


def _version_can_be_had(name: str, wanted: desired.Engine, seen: Seen) -> Iterator[Problem]:
    """Refuse a version that only an engine of the other source could have."""
    found, version = installed(wanted, seen), wanted.version
    if not version or found not in wanted.sources or found == wanted.source:
        return
    if _differs(wanted, seen.packages[wanted.sources[found].packages[0]]):
        yield Problem(
            code=Code.ENGINE_VERSION,
            where="docker_version",
            hosts=(name,),
            found=f"engine {_name(wanted, seen, found)}",
            expected=f"{version} of docker_source {wanted.source}",
            fix=f"Set docker_source to {found} and another version for it, or change the engine as docs/engine.md says",
        )
