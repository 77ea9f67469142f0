"""Translate a project, as Compose understands it, into a stack file as ``docker stack deploy`` takes it.

Images, secrets and configs get the names that the plan fills in later: ``${X_IMAGE}`` and ``${X_SECRET}``. No host is
asked: the same project gives the same stack file.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ..model.problem import Problem
from ..stacks.secrets import longest_name
from .builds import BuildRequest, read_build
from .notes import Notes, without_empty
from .objects import templated, too_long, translate_configs, translate_secrets
from .service import Project, translate_service
from .volumes import judge_external, judge_volumes

BRIDGE = "com.docker.network.bridge."
# Drivers whose networks Swarm lets no service use, unless they were created with a scope that no Compose file can name.
ONE_HOST = ("macvlan", "ipvlan", "host", "none")
NETWORK_FIELDS = ("driver", "driver_opts", "attachable", "internal", "labels", "external", "name", "ipam")


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """What a project is in a swarm.

    :ivar content: of the stack file
    :ivar builds: images that are built
    :ivar images: places in the file by the name of the image there, for images that the site makes available
    :ivar secret_files: by secret, the file on the control node with its value
    :ivar warnings: see ``Notes``
    :ivar problems: what cannot be
    """

    content: Mapping[str, Any]
    builds: tuple[BuildRequest, ...]
    images: Mapping[str, str]
    secret_files: Mapping[str, str]
    warnings: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...]


def translate(
    stack: str, resolved: Mapping[str, Any], folder: str, secrets: Collection[str], environment: Mapping[str, object]
) -> Translation:
    """Translate a project.

    :param stack: the stack's name
    :param resolved: see ``run.resolve``
    :param folder: that its relative paths begin at
    :param secrets: names of those whose values the inventory gives
    :param environment: values that configs may name
    """
    services = resolved.get("services") or {}
    volumes, networks = _section(stack, resolved, "volumes"), _section(stack, resolved, "networks")
    all_secrets = _section(stack, resolved, "secrets")
    notes = Notes(longest=longest_name(stack), taken=frozenset(resolved.get("configs") or {}))
    judge_volumes(volumes, folder, notes)
    judge_external(volumes, services, notes)
    project = Project(
        stack=stack,
        folder=folder,
        volumes=volumes,
        networks=networks,
        builds=_builds(stack, services, all_secrets),
    )
    of_tasks = _without_those_of_builds(all_secrets, services)
    made = translate_secrets(of_tasks, secrets)
    all_configs = _section(stack, resolved, "configs")
    configs = translate_configs(all_configs, environment)
    content = {
        "services": {name: translate_service(project, name, fields, notes) for name, fields in services.items()},
        "networks": {name: _network(name, entry, notes) for name, entry in networks.items()},
        "volumes": volumes,
        "secrets": made.entries,
        "configs": {**configs.entries, **{name: {"file": path} for name, path in notes.files.items()}},
    }
    named = [name for name, entry in content["configs"].items() if not entry.get("external")]
    builds = {build.image: build for build in project.builds.values()}
    return Translation(
        content={key: value for key, value in content.items() if value or key == "services"},
        builds=tuple(builds.values()),
        images=notes.images,
        secret_files=made.files,
        warnings=tuple(notes.warnings),
        problems=(
            *notes.problems,
            *made.problems,
            *configs.problems,
            *templated("secrets", of_tasks),
            *templated("configs", all_configs),
            *too_long("secrets", [*secrets, *made.files], notes.longest),
            *too_long("configs", named, notes.longest),
            *(problem for build in builds.values() for problem in build.problems),
        ),
    )


def _without_those_of_builds(
    secrets: Mapping[str, dict[str, Any]], services: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Leave out the secrets that only builds use: the swarm is not told them."""

    def named(where: Mapping[str, Any]) -> set[str]:
        return {each["source"] for each in where.get("secrets") or ()}

    of_builds = {name for service in services.values() for name in named(service.get("build") or {})}
    of_tasks = {name for service in services.values() for name in named(service)}
    return {name: entry for name, entry in secrets.items() if name not in of_builds - of_tasks}


def _builds(
    stack: str, services: Mapping[str, Any], secrets: Mapping[str, Mapping[str, Any]]
) -> dict[str, BuildRequest]:
    """Read what is built, by service; what is the same is built once."""
    found: dict[str, BuildRequest] = {}
    for name, service in services.items():
        if service.get("build"):
            build = read_build(stack, name, service, secrets)
            found[name] = next((other for other in found.values() if other.is_same(build)), build)
    # A service without a build may run what another one builds, by the name that both give it.
    named = {services[name].get("image"): build for name, build in found.items() if services[name].get("image")}
    others = {name: named[each.get("image")] for name, each in services.items() if each.get("image") in named}
    return {**others, **found}


def _section(stack: str, resolved: Mapping[str, Any], section: str) -> dict[str, dict[str, Any]]:
    """Take a section without the names that Compose gives by itself: Swarm gives the same to what a stack makes."""
    entries = {key: without_empty(entry or {}) for key, entry in (resolved.get(section) or {}).items()}
    own = {key: f"{stack.lower()}_{key}" for key, entry in entries.items() if not entry.get("external")}
    return {
        key: {what: value for what, value in entry.items() if (what, value) != ("name", own.get(key))}
        for key, entry in entries.items()
    }


def _network(name: str, entry: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    """Make it one that spans nodes, which Compose's own bridge does not."""
    if entry.get("driver") in ONE_HOST:
        fix = "Leave it out; or create a network of the swarm yourself (--scope swarm) and name it as an external one"
        notes.refuse(f"networks.{name}.driver", f"{entry['driver']}, a network of one host", fix)
    for key in entry.keys() - {*NETWORK_FIELDS}:
        notes.warn(f"networks.{name}.{key}", "the network is without it")
    kept = {key: value for key, value in entry.items() if key in NETWORK_FIELDS}
    pools = (kept.get("ipam") or {}).get("config") or []
    if any(pool.keys() - {"subnet"} for pool in pools):
        notes.warn(f"networks.{name}.ipam.config", "Swarm chooses the addresses of a subnet itself")
        kept["ipam"] = {"config": [{"subnet": pool["subnet"]} for pool in pools if "subnet" in pool]}
    options = {key: value for key, value in (kept.get("driver_opts") or {}).items() if not key.startswith(BRIDGE)}
    if options != (kept.get("driver_opts") or {}):
        notes.warn(f"networks.{name}.driver_opts", "options of a bridge have no place in an overlay network")
    made = {**kept, "driver_opts": options}
    return {key: value for key, value in made.items() if value and (key, value) != ("driver", "bridge")}
