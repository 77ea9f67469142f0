"""Read which packages of a host have newer versions, and whether it needs a reboot. Nothing is changed."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping

from .host import Run, read_text
from .observation.upgrades import Upgrades

# What limits the engine's version, see roles/docker/vars.
PIN = "/etc/apt/preferences.d/flotilla-docker"
PINNED = re.compile(r"^Package: (.*)$", re.MULTILINE)
# As Ansible's module apt has it.
FETCHED = ("/var/lib/apt/periodic/update-success-stamp", "/var/lib/apt/lists")
RELEASES = "/usr/share/distro-info/{}.csv"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
REBOOT_REQUIRED = "/run/reboot-required"
MODULES = "/lib/modules"
# Debian's 6.12.57+deb13-cloud-amd64 and 6.1.0-18-amd64, Ubuntu's 6.8.0-45-generic: the version, the number of the build
# (Debian's old ones and Ubuntu's), and the kind.
KERNEL = re.compile(r"(?P<build>\d[\d.]*(?:\+[^-]*|-\d[^-]*)?)-(?P<flavour>.+)")
# What names the archives of security updates, in what apt prints: Debian-Security, noble-security.
SECURITY = "security"
# "Inst docker.io [26.1.5] (26.1.6 Debian-Security:13/stable-security [amd64])"; a package without [...] is a new one.
UPGRADE = re.compile(r"^Inst (?P<name>\S+) \[[^]]+\] \((?P<version>\S+) (?P<origins>[^[)]*)", re.MULTILINE)
# A name and its table of versions, the newest first; a version, marked where it is installed, and where it is from.
POLICY = re.compile(r"^(?P<name>\S+):\n(?P<table>(?: .*\n)*)", re.MULTILINE)
VERSION = re.compile(r"^ (?P<mark>\*{3}| {3}) (?P<version>\S+) -?\d+\n(?P<archives>(?: {8}.*\n)*)", re.MULTILINE)


class UpgradesError(Exception):
    """apt cannot tell; the message is its own."""


def observe(run: Run, kind: str, engine: Collection[str], kernel: str, interrupted: bool = False) -> Upgrades:
    """Ask apt what it would upgrade, by the lists that it has.

    :param kind: ``security``, ``all`` or ``engine``; ``waiting`` for security updates that people are told of, with why
        apt cannot tell where it cannot
    :param engine: names of all packages that an engine may consist of, and of what runs beneath it
    :param kernel: release of the kernel that runs
    :param interrupted: whether an installation was, which may be why apt cannot tell, and is finished first
    :raise UpgradesError: apt cannot tell, and somebody is to act on it
    """
    try:
        return _newer(run, "security" if kind == "waiting" else kind, engine, kernel)
    except UpgradesError as error:
        if kind != "waiting" and not interrupted:
            raise
        return Upgrades(reboot=reboot_reason(kernel), lists_at=_fetched(), unknown=str(error))


def _newer(run: Run, kind: str, engine: Collection[str], kernel: str) -> Upgrades:
    packages = _waiting(run, kind, engine)
    # Of a version that flotilla pins, and so holds, its later revisions are told all the same: the pin lets no other
    # version of its packages through. Any other hold is the user's.
    pinned = (PINNED.search(read_text(PIN) or "") or ["", ""])[1].split()
    revisions = _waiting(run, kind, engine, "--ignore-hold") if pinned else {}
    held = {name: version for name, version in revisions.items() if name in pinned and name not in packages}
    return Upgrades(
        packages={**packages, **held},
        held=tuple(sorted(held)),
        reboot=reboot_reason(kernel),
        lists_at=_fetched(),
    )


def _fetched() -> int:
    """Tell when lists of packages were fetched, by what apt's hook and apt itself write then."""
    return max(int(os.stat(path).st_mtime) if os.path.exists(path) else 0 for path in FETCHED)


def _ask(run: Run, *command: str) -> str:
    """Return what apt prints.

    :raise UpgradesError: it cannot tell
    """
    code, printed, errors = run([*command])
    if code:
        raise UpgradesError(errors.strip())
    return printed


def _simulate(run: Run, *options: str) -> str:
    """Let apt say what it would do: it removes no package; dpkg's lock is not needed for that."""
    simulate = ("apt-get", "--simulate", "--option=Debug::NoLocking=true")
    return _ask(run, *simulate, *options, "upgrade", "--with-new-pkgs")


def _waiting(run: Run, kind: str, engine: Collection[str], *options: str) -> Mapping[str, str]:
    """Choose what is meant of what apt would upgrade: the new version by name.

    A security update may have been followed by a version from another archive, as by Debian's point releases and by
    Ubuntu's updates. Then that one is what apt would install, and the update waits all the same.
    """
    found = list(UPGRADE.finditer(_simulate(run, *options)))
    if kind == "engine":
        found = [match for match in found if match["name"] in engine]
    if kind == "security":
        others = [match["name"] for match in found if SECURITY not in match["origins"].lower()]
        followed = with_security_update(run, others) if others else ()
        found = [match for match in found if match["name"] not in others or match["name"] in followed]
    return {match["name"]: match["version"] for match in found}


def with_security_update(run: Run, names: Collection[str], *options: str) -> tuple[str, ...]:
    """Name the packages of which an archive of security updates has a newer version than the installed one.

    :param names: of packages
    :param options: of ``apt-cache``
    :raise UpgradesError: apt cannot tell
    """
    printed = _ask(run, "apt-cache", *options, "policy", *names)
    return tuple(match["name"] for match in POLICY.finditer(printed) if _has_security_update(match["table"]))


def _has_security_update(table: str) -> bool:
    """Read what is above the installed version: also the same one, where apt has it described in other words."""
    versions = list(VERSION.finditer(table))
    installed = next((number for number, match in enumerate(versions) if match["mark"].strip()), 0)
    newer = (match for match in versions[:installed] if match["version"] != versions[installed]["version"])
    return any(SECURITY in match["archives"].lower() for match in newer)


def support_ends(distribution: str) -> str:
    """Tell until when a release gets security updates, by what package distro-info-data has.

    :param distribution: such as ``debian 13``
    :return: such as ``2028-08-09``; ``""`` where that package is not there or has no such day
    """
    name, _space, version = distribution.partition(" ")
    head, *rows = [line.split(",") for line in (read_text(RELEASES.format(name)) or "").splitlines()] or [[]]
    for row in (dict(zip(head, each)) for each in rows):  # A release without an end has fewer columns.
        # "24.04 LTS"; an LTS of Ubuntu has a day of its own for servers.
        if row["version"].split()[:1] == [version]:
            day = row.get("eol-server") or row.get("eol") or ""
            return day if DAY.fullmatch(day) else ""
    return ""


def reboot_reason(kernel: str) -> str:
    """Say why the host needs a reboot, ``""`` where it does not."""
    if os.path.exists(REBOOT_REQUIRED):
        packages = (read_text(f"{REBOOT_REQUIRED}.pkgs") or "").split()
        return f"{', '.join(dict.fromkeys(packages)) or 'the system'} asks for it"
    installed = sorted((name for name in _listed(MODULES) if _flavour(name) == _flavour(kernel)), key=_version)
    return f"kernel {installed[-1]} is installed, {kernel} runs" if installed and installed[-1] != kernel else ""


def _listed(folder: str) -> list[str]:
    return os.listdir(folder) if os.path.isdir(folder) else []


def _flavour(kernel: str) -> str:
    """Return what a release of a kernel ends with: ``cloud-amd64`` of ``6.12.48+deb13-cloud-amd64``."""
    match = KERNEL.fullmatch(kernel)
    return match["flavour"] if match else ""


def _version(kernel: str) -> list[int]:
    match = KERNEL.fullmatch(kernel)
    return [int(number) for number in re.findall(r"\d+", match["build"] if match else kernel)]
