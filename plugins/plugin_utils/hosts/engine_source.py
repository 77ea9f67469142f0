"""Decide where a host's engine comes from, at which version, and whether apt may change it.

An engine that is there is adopted: flotilla never replaces one source's engine by another's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

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


def problems(wanted, seen):
    """List what forbids a run, of the variables about the engine and of the host's engine.

    :param wanted: see ``decide``
    :param seen: see ``decide``
    :return: list of str
    """
    if not wanted:
        return []
    found = [_key_problem(wanted), _suite_problem(wanted, seen), _version_problem(wanted), _conflict(wanted, seen)]
    return [problem for problem in found if problem]


def _key_problem(wanted):
    if wanted["source"] != "vendor":
        return ""
    if not wanted["key"]:
        return (
            "docker_vendor_key is empty, wanted is the text of the key that signs "
            f"{wanted['url']}; docs/engine.md says where to get it"
        )
    owner = "".join(wanted["fingerprint"].split()).upper()
    try:
        keys = openpgp.fingerprints(wanted["key"])
    except openpgp.KeyFormatError as error:
        return f"docker_vendor_key is no key: {error}; docs/engine.md says where to get it"
    if keys != [owner]:
        return (
            f"docker_vendor_key has fingerprint {' and '.join(keys)}, wanted is {owner} "
            "(docker_vendor_key_fingerprint); get the right key, or ask its owner for the right fingerprint"
        )
    return ""


def _suite_problem(wanted, seen):
    """Refuse packages of another release; a suite of a name of its own is the user's affair."""
    name, system = seen["system"]["distribution"], SYSTEMS.get(seen["system"]["distribution"])
    known = [each.codename for each in SYSTEMS.values()]
    if wanted["source"] != "vendor" or not system or wanted["suite"] not in known or wanted["suite"] == system.codename:
        return ""
    return (
        f"docker_vendor_suite is {wanted['suite']}, wanted is {system.codename} for {name}; set it and "
        "docker_vendor_url for this host"
    )


def _version_problem(wanted):
    version = wanted["version"]
    if not version or (VERSION.fullmatch(version) and int(version.split(".")[0]) >= ENGINE):
        return ""
    return f"docker_version is {version}, wanted are three numbers such as 28.5.1, and {ENGINE} or newer"


def _conflict(wanted, seen):
    """Refuse a version that only an engine of the other source could have."""
    found, version = installed(wanted, seen), wanted["version"]
    if not version or found not in wanted["sources"] or found == wanted["source"]:
        return ""
    if not _differs(wanted, seen["packages"][wanted["sources"][found]["packages"][0]]):
        return ""
    return (
        f"its engine is {_name(wanted, seen, found)}, wanted is {version} (docker_version) of docker_source "
        f"{wanted['source']}; set docker_source to {found} and another version for it, or change it by hand "
        "(docs/engine.md)"
    )
