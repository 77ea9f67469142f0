"""Translate a service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..images.dockerfile import familiar, is_of_registry
from ..model.variables import image_variable
from .builds import BuildRequest
from .deploy import translate_deploy, with_pins
from .fields import BY_NAME, Fate
from .judge import judge_emptied, judge_fields
from .mounts import translate_mounts
from .notes import Notes, without_empty
from .volumes import is_pinned

ANY_ADDRESS = ("", "0.0.0.0", "::")
SECRETS = "/run/secrets/"
# Networks that each engine has by itself, on which nobody is reached by a name.
OF_ENGINES = ("bridge", "host", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a service is translated in.

    :ivar stack: the stack's name
    :ivar folder: that relative paths of its files begin at
    :ivar volumes: of the stack file, each with a name only where it is not the one that Swarm gives
    :ivar networks: likewise
    :ivar builds: by service
    """

    stack: str
    folder: str
    volumes: Mapping[str, Mapping[str, Any]]
    networks: Mapping[str, Mapping[str, Any]]
    builds: Mapping[str, BuildRequest]

    def volume(self, source: str) -> str:
        """Return a volume's name as the engine has it."""
        return str(self.volumes[source].get("name") or f"{self.stack}_{source}")

    def has_names(self, network: str) -> bool:
        """Tell whether services of a network reach each other by names there."""
        entry = self.networks.get(network, {})
        return not (entry.get("external") and entry.get("name", network) in OF_ENGINES)


def translate_service(project: Project, name: str, fields: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    """Translate a service.

    :param fields: as Compose resolved it
    """
    key, given = f"services.{name}", without_empty(fields)
    judge_emptied(key, fields, notes)
    judge_fields(key, given, notes)
    mounted = translate_mounts(key, given, project.folder, notes)
    deploy = translate_deploy(key, given, notes)
    pins = [project.volume(source) for source in _held(project, mounted.mounts, deploy)]
    parts = {
        "image": _image(key, given, project.builds.get(name), notes),
        "volumes": [*mounted.mounts],
        "configs": [*map(_with_mode, given.get("configs", ())), *mounted.configs],
        "secrets": [_secret(secret) for secret in given.get("secrets", ())],
        "ports": _unique(_port(key, port, notes) for port in given.get("ports", ())),
        "ulimits": {what: _ulimit(limit) for what, limit in (given.get("ulimits") or {}).items()},
        "extra_hosts": [host.replace("=", ":", 1) for host in given.get("extra_hosts", ())],
        "networks": _networks(project, name, given, notes),
        "environment": {what: value for what, value in (given.get("environment") or {}).items() if value is not None},
        "deploy": with_pins(deploy, pins),
    }
    kept = {what: value for what, value in given.items() if what in BY_NAME and BY_NAME[what].fate is Fate.KEPT}
    made = {what: value for what, value in {**kept, **parts}.items() if value or what not in parts}
    # The image first, then the rest in Compose's own order.
    return {what: made[what] for what in dict.fromkeys(["image", *given, *made]) if what in made}


def _held(project: Project, mounts: Iterable[Mapping[str, Any]], deploy: Mapping[str, Any]) -> Iterator[str]:
    """Find the volumes that hold a service on one node."""
    sources = (str(mount["source"]) for mount in mounts if mount["type"] == "volume")
    for source in dict.fromkeys(sources):
        if is_pinned(project.volumes[source], deploy):
            yield source


def _image(key: str, given: Mapping[str, Any], build: BuildRequest | None, notes: Notes) -> str:
    """Name an image for the plan; one of a registry of its own is left as it is."""
    if build:
        return f"${{{image_variable(build.image)}}}"
    name = familiar(str(given.get("image", "")))
    if not name or is_of_registry(name):
        return name
    notes.images.setdefault(name, f"{key}.image")
    return f"${{{image_variable(name)}}}"


def _secret(mount: Mapping[str, Any]) -> dict[str, Any]:
    """Name a secret's file as a swarm does, below the folder of secrets."""
    return {**_with_mode(mount), "target": str(mount.get("target") or mount["source"]).removeprefix(SECRETS)}


def _with_mode(mount: Mapping[str, Any]) -> dict[str, Any]:
    """Write a mode as a number, which newer versions of Compose print as a text."""
    mode = mount.get("mode")
    return {**mount, "mode": int(mode, 8)} if isinstance(mode, str) else dict(mount)


def _ulimit(limit: object) -> object:
    """Write both limits: of those that are 0, Compose prints nothing."""
    return {"soft": limit.get("soft", 0), "hard": limit.get("hard", 0)} if isinstance(limit, Mapping) else limit


def _unique(ports: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Name each port once: IPv4 and IPv6 have one entry in a swarm."""
    return list({str(sorted(port.items())): port for port in ports}.values())


def _port(key: str, port: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    address, published = str(port.get("host_ip", "")), str(port.get("published", ""))
    if address not in ANY_ADDRESS:
        fix = "Leave the address out, as Swarm publishes a port on all addresses of all nodes, or do not publish it"
        notes.refuse(f"{key}.ports", f"{address}:{published}:{port['target']}", fix)
    if published and not published.isdecimal():
        notes.refuse(f"{key}.ports", f"{published}:{port['target']}", "Publish one port: Swarm chooses none of a range")
    kept = {what: port[what] for what in ("target", "protocol", "mode") if what in port}
    return {**kept, "published": int(published)} if published.isdecimal() else kept


def _networks(project: Project, name: str, given: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    networks = {network: options or {} for network, options in (given.get("networks") or {}).items()}
    for network, options in networks.items():
        for what in ("ipv4_address", "ipv6_address"):
            if options.get(what):
                notes.warn(f"services.{name}.networks.{network}.{what}", "tasks have addresses that Swarm gives them")
    # On one machine others reach it by its container's name, too.
    more = [given["container_name"]] if given.get("container_name", name) != name else []
    aliases = {
        network: [*(options.get("aliases") or ()), *(more if project.has_names(network) else ())]
        for network, options in networks.items()
    }
    return {network: {"aliases": [*dict.fromkeys(names)]} if names else None for network, names in aliases.items()}
