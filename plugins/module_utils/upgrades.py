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
REBOOT_REQUIRED = "/run/reboot-required"
MODULES = "/lib/modules"
# What runs beneath every engine, of any source.
RUNTIME = ("containerd", "containerd.io", "runc")
# "Inst docker.io [26.1.5] (26.1.6 Debian-Security:13/stable-security [amd64])"; a package without [...] is a new one.
UPGRADE = re.compile(r"^Inst (?P<name>\S+) \[[^]]+\] \((?P<version>\S+) (?P<origins>[^[)]*)", re.MULTILINE)


class UpgradesError(Exception):
    """apt cannot tell; the message is its own."""


def observe(run: Run, kind: str, engine: Collection[str], kernel: str) -> Upgrades:
    """Ask apt what it would upgrade, by the lists that it has.

    :param kind: ``security``, ``all`` or ``engine``; ``waiting`` for security updates that people are told of, with why
        apt cannot tell where it cannot; ``""`` asks nothing
    :param engine: names of all packages that an engine may consist of, and of what runs beneath it
    :param kernel: release of the kernel that runs
    :raise UpgradesError: apt cannot tell, and somebody is to act on it
    """
    if not kind:
        return Upgrades()
    if kind == "waiting":
        try:
            return observe(run, "security", engine, kernel)
        except UpgradesError as error:
            return Upgrades(reboot=reboot_reason(kernel), lists_at=_fetched(), unknown=str(error))
    packages = choose(_simulate(run), kind, engine)
    # Of a version that flotilla pins, and so holds, its later revisions are told all the same: the pin lets no other
    # version of its packages through. Any other hold is the user's.
    pinned = (PINNED.search(read_text(PIN) or "") or ["", ""])[1].split()
    revisions = choose(_simulate(run, "--ignore-hold"), kind, engine) if pinned else {}
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


def _simulate(run: Run, *options: str) -> str:
    """Let apt say what it would do: it removes no package; dpkg's lock is not needed for that.

    :raise UpgradesError: it cannot tell
    """
    command = ["apt-get", "--simulate", "--option=Debug::NoLocking=true", *options, "upgrade", "--with-new-pkgs"]
    code, output, errors = run(command)
    if code:
        raise UpgradesError(errors.strip())
    return output


def choose(simulated: str, kind: str, engine: Collection[str]) -> Mapping[str, str]:
    """Choose the packages that are meant.

    :param simulated: what ``apt-get --simulate upgrade`` prints
    :return: new version by name
    """
    found = list(UPGRADE.finditer(simulated))
    if kind == "security":
        found = [match for match in found if "security" in match["origins"].lower()]
    if kind == "engine":
        found = [match for match in found if match["name"] in engine]
    return {match["name"]: match["version"] for match in found}


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
    return kernel.partition("-")[2]


def _version(kernel: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", kernel)]
