"""Decide where a host's engine comes from, at which version, and whether apt may change it.

An engine that is there is adopted: flotilla never replaces one source's engine by another's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from ..model.problem import Code, Problem
from . import openpgp
from .host_state import Act, compare
from .systems import ENGINE, SYSTEMS

VERSION = re.compile(r"\d+\.\d+\.\d+")
# Says which packages flotilla holds, so that only those are released again.
PIN = "/etc/apt/preferences.d/flotilla-docker"


@dataclass
class Engine:
    """What a host has to have as its engine.

    :ivar packages: names
    :ivar requests: the same as apt is asked for them, with the version where one is wanted
    :ivar builder: package that builds images with this engine
    :ivar files: what apt must know, path to entry as in ``__ROLE_wanted``
    :ivar hold: packages whose version nobody but flotilla changes, and that are not held yet
    :ivar release: packages to let go again
    :ivar change: whether a package that is there gets another version
    :ivar acts: what there is to do
    :ivar note: what a user should know, ``""`` when all is as the variables say
    """

    packages: list = field(default_factory=list)
    requests: list = field(default_factory=list)
    builder: list = field(default_factory=list)
    files: dict = field(default_factory=dict)
    hold: list = field(default_factory=list)
    release: list = field(default_factory=list)
    change: bool = False
    acts: list = field(default_factory=list)
    note: str = ""


def decide(wanted, seen):
    """Decide on a host's engine.

    :param wanted: ``__docker_engine_wanted``, or an empty dict where no engine is wanted
    :param seen: ``seen`` of ``flotilla.swarm.observe``
    :return: ``Engine``
    """
    if not wanted:
        return Engine()
    found, version = installed(wanted, seen), wanted["version"]
    source = wanted["sources"].get(found, wanted["sources"][wanted["source"]])
    engine = Engine(builder=[source["builder"]], note=_note(wanted, seen, found))
    if found != "other":
        engine.packages = list(source["packages"])
    if wanted["source"] == "vendor" and found in ("", "vendor"):
        engine.files.update({path: entry for path, entry in wanted["files"].items() if path != PIN})
    # The engine's companions, such as containerd.io, have versions of their own.
    versioned = [name for name in engine.packages if name.startswith("docker")]
    others = [name for name in versioned if version and _differs(wanted, seen["packages"][name])]
    if version and versioned:
        engine.files[PIN] = wanted["files"][PIN]
        # apt forgets a hold when it is made to change the package.
        engine.hold = [name for name in versioned if name not in seen["held"] or name in others]
    elif seen["files"].get(PIN):
        engine.release = [name for name in versioned if name in seen["held"]]
    request = {name: f"{name}={wanted['pattern']}" for name in versioned if version}
    engine.requests = [request.get(name, name) for name in engine.packages]
    engine.change = bool(others)
    engine.acts = list(_acts(engine, others, version, seen))
    return engine


def _acts(engine, others, version, seen):
    yield from compare("docker", {"files": engine.files, "packages": engine.packages}, seen)
    for name in others:
        yield Act("docker", f"bring {name} from {seen['packages'][name]} to {version} (docker_version)")
    if engine.hold:
        yield Act("docker", f"hold {', '.join(engine.hold)} at {version}")
    if seen["files"].get(PIN) and PIN not in engine.files:
        names = f", release {', '.join(engine.release)}" if engine.release else ""
        yield Act("docker", f"remove {PIN}{names}", seen["files"][PIN]["text"] or "", "", PIN)


def _differs(wanted, version):
    """Tell whether a package that is there has another version than wanted."""
    return version is not None and not fnmatchcase(version, wanted["pattern"])


def installed(wanted, seen):
    """Tell which source the host's engine is from.

    :return: a source's name; ``"other"`` for an engine that runs and is of none of them; ``""`` where there is none
    """
    there = {name for name in wanted["packages"] if seen["packages"].get(name) or name in seen["unfinished"]}
    # A vendor's engine may need the distribution's parts, never the other way round.
    for name in ("vendor", "distro"):
        if wanted["sources"][name]["packages"][0] in there:
            return name
    return "other" if seen["engine"] and not there else ""


def _note(wanted, seen, found):
    if found in ("", wanted["source"]):
        return ""
    if found == "other":
        return (
            f"keeps its engine {seen['engine']['version']}, which is of no package that flotilla knows; "
            "flotilla neither installs nor pins one there"
        )
    return (
        f"keeps its engine {_name(wanted, seen, found)}, though docker_source is {wanted['source']}; set docker_source "
        f"to {found} for it, or change it by hand (docs/engine.md)"
    )


def _name(wanted, seen, source):
    package = wanted["sources"][source]["packages"][0]
    return f"{package} {seen['packages'][package] or '(not completely installed)'}"


def problems(name, wanted, seen):
    """Find what forbids a run, in the variables about the engine and in the host's engine.

    :param name: the host's inventory name
    :param wanted: see ``decide``
    :param seen: see ``decide``
    """
    if wanted:
        for check in (_key_is_trusted, _suite_is_the_systems, _version_is_valid, _version_can_be_had):
            yield from check(name, wanted, seen)


def _key_is_trusted(name, wanted, _seen):
    if wanted["source"] != "vendor":
        return
    owner = "".join(wanted["fingerprint"].split()).upper()
    try:
        found = " and ".join(openpgp.fingerprints(wanted["key"])) if wanted["key"] else ""
    except openpgp.KeyFormatError as error:
        yield Problem(
            code=Code.SETTING_INVALID,
            where="docker_vendor_key",
            hosts=(name,),
            found=f"no key: {error}",
            expected=f"the text of the key that signs {wanted['url']}",
            fix="Set it; docs/engine.md says where to get it",
        )
        return
    if not wanted["key"]:
        yield Problem(
            code=Code.SETTING_MISSING,
            where="docker_vendor_key",
            hosts=(name,),
            found="no key",
            expected=f"the text of the key that signs {wanted['url']}",
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


def _suite_is_the_systems(name, wanted, seen):
    """Refuse packages of another release; a suite of a name of its own is the user's affair."""
    system = SYSTEMS.get(seen["system"]["distribution"])
    known = [each.codename for each in SYSTEMS.values()]
    if wanted["source"] == "vendor" and system and wanted["suite"] in known and wanted["suite"] != system.codename:
        yield Problem(
            code=Code.SETTING_CONFLICT,
            where="docker_vendor_suite",
            hosts=(name,),
            found=wanted["suite"],
            expected=f"{system.codename} for {seen['system']['distribution']}",
            fix="Set docker_vendor_suite and docker_vendor_url for this host",
        )


def _version_is_valid(name, wanted, _seen):
    version = wanted["version"]
    if version and not (VERSION.fullmatch(version) and int(version.split(".")[0]) >= ENGINE):
        yield Problem(
            code=Code.SETTING_INVALID,
            where="docker_version",
            hosts=(name,),
            found=version,
            expected=f"three numbers such as 28.5.1, and {ENGINE} or newer",
            fix="Set docker_version to such a version, or remove it",
        )


def _version_can_be_had(name, wanted, seen):
    """Refuse a version that only an engine of the other source could have."""
    found, version = installed(wanted, seen), wanted["version"]
    if not version or found not in wanted["sources"] or found == wanted["source"]:
        return
    if _differs(wanted, seen["packages"][wanted["sources"][found]["packages"][0]]):
        yield Problem(
            code=Code.ENGINE_VERSION,
            where="docker_version",
            hosts=(name,),
            found=f"engine {_name(wanted, seen, found)}",
            expected=f"{version} of docker_source {wanted['source']}",
            fix=f"Set docker_source to {found} and another version for it, or change the engine as docs/engine.md says",
        )
