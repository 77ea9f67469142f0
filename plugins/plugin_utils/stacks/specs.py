"""Compare what a service is with what a stack file would make of it, field by field, in the words of Compose files.

Values of a service's environment, labels, commands, health checks and log drivers are not told, since they may be
secret.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Spec = Mapping[str, object]
Networks = Mapping[str, str]

# Parts of a spec whose own parts are compared apart.
PARTS = ("TaskTemplate", "TaskTemplate.ContainerSpec", "EndpointSpec")
# What a Compose file calls the engine's fields (docker/cli, cli/compose/convert/service.go); others keep their names.
KEYS: Mapping[str, str] = {
    "Mode": "deploy.mode",
    "Mode.Replicas": "deploy.replicas",
    "Labels": "deploy.labels",
    "UpdateConfig": "deploy.update_config",
    "RollbackConfig": "deploy.rollback_config",
    "EndpointSpec.Mode": "deploy.endpoint_mode",
    "EndpointSpec.Ports": "ports",
    "TaskTemplate.Resources": "deploy.resources",
    "TaskTemplate.RestartPolicy": "deploy.restart_policy",
    "TaskTemplate.Placement": "deploy.placement",
    "TaskTemplate.Networks": "networks",
    "TaskTemplate.LogDriver": "logging",
    "TaskTemplate.ContainerSpec.Image": "image",
    "TaskTemplate.ContainerSpec.Env": "environment",
    "TaskTemplate.ContainerSpec.Labels": "labels",
    "TaskTemplate.ContainerSpec.Command": "entrypoint",
    "TaskTemplate.ContainerSpec.Args": "command",
    "TaskTemplate.ContainerSpec.Healthcheck": "healthcheck",
    "TaskTemplate.ContainerSpec.Mounts": "volumes",
    "TaskTemplate.ContainerSpec.Secrets": "secrets",
    "TaskTemplate.ContainerSpec.Configs": "configs",
    "TaskTemplate.ContainerSpec.User": "user",
    "TaskTemplate.ContainerSpec.StopGracePeriod": "stop_grace_period",
}
# What the engine writes down where it was told nothing.
DEFAULTS: Mapping[str, object] = {
    "EndpointSpec.Mode": "vip",
    "TaskTemplate.Runtime": "container",
    "TaskTemplate.RestartPolicy.Condition": "any",
    "TaskTemplate.ContainerSpec.Isolation": "default",
    "UpdateConfig.FailureAction": "pause",
    "UpdateConfig.Order": "stop-first",
    "RollbackConfig.FailureAction": "pause",
    "RollbackConfig.Order": "stop-first",
}
# The name itself; and a count that a forced restart raises, which a deploy leaves as it is.
NO_FIELDS = ("Name", "TaskTemplate.ForceUpdate")
# Fields for which Swarm replaces no task (swarmkit, manager/orchestrator/task.go: IsTaskDirty).
BESIDE_TASKS = ("Mode", "Mode.Replicas", "Labels", "UpdateConfig", "RollbackConfig")
PLACEMENT = "deploy.placement"
# Fields whose values are not told: some programs take a password as an argument, and some log drivers a token.
UNTOLD = (
    "TaskTemplate.ContainerSpec.Args",
    "TaskTemplate.ContainerSpec.Command",
    "TaskTemplate.ContainerSpec.Healthcheck",
    "TaskTemplate.LogDriver",
)
# Beginnings of the names of labels that a deploy sets by itself.
OWN_LABELS = ("flotilla.", "com.docker.stack.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field that a deploy would change.

    :ivar key: in a Compose file
    :ivar text: what changes there, such as ``"2 becomes 3"``
    :ivar replaces: whether Swarm replaces tasks for it; for another placement, only those whose node no longer fits
    """

    key: str
    text: str
    replaces: bool

    def __str__(self) -> str:
        """Say it."""
        return f"{self.key}: {self.text}"


def compare(now: Spec, then: Spec, networks: Networks) -> list[Difference]:
    """List the fields in which two specs of a service differ.

    :param now: as the engine tells it
    :param then: as ``docker stack deploy`` would make it
    :param networks: of the swarm, name by ID
    """
    before, after = _fields(now, networks), _fields(then, networks)
    return [
        Difference(key=KEYS.get(path, path.rpartition(".")[2]), text=text, replaces=path not in BESIDE_TASKS)
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
        for text in [_text(path, before.get(path), after.get(path))]
        if text
    ]


def _fields(spec: Spec, networks: Networks) -> dict[str, object]:
    """Take a spec apart, without what says nothing."""
    found: dict[str, object] = {}
    for path, value in _parts(spec):
        plain = _plain(value)
        if path == "TaskTemplate.Networks":
            plain = [{**each, "Target": networks.get(each["Target"], each["Target"])} for each in _mappings(plain)]
        elif isinstance(plain, dict):
            plain = {key: each for key, each in plain.items() if each != DEFAULTS.get(f"{path}.{key}")}
        if path == "TaskTemplate.Placement" and isinstance(plain, dict):
            # The kinds of machines that the image is for: asked of the registry at each deploy.
            plain.pop("Platforms", None)
        if plain and plain != DEFAULTS.get(path) and path not in NO_FIELDS:
            found[path] = plain
    return found


def _parts(spec: Spec, prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in spec.items():
        path = f"{prefix}{name}"
        if path in PARTS and isinstance(value, Mapping):
            yield from _parts(value, f"{path}.")
        elif path == "Mode" and isinstance(value, Mapping):
            yield _mode(value)
        else:
            yield path, value


def _plain(value: object) -> object:
    """Leave out what is empty, off or zero, which the engine writes or not."""
    if isinstance(value, Mapping):
        # Of an object its name is told; the ID of one that is to be made is not known.
        kept = {key: _plain(each) for key, each in value.items() if key not in ("SecretID", "ConfigID")}
        return {key: each for key, each in kept.items() if each}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _mode(mode: Mapping[str, object]) -> tuple[str, object]:
    """Say the number of replicas as a text, which none is not empty as; or the other mode's name."""
    replicated = mode.get("Replicated")
    if isinstance(replicated, Mapping):
        return "Mode.Replicas", str(replicated.get("Replicas", 1))
    return "Mode", ", ".join(mode)


def _mappings(value: object) -> list[dict[str, str]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def without_values(path: str, before: object, after: object) -> str:
    """Say what changes in a field whose values may be secret; ``""`` for any other field."""
    return (_text(path, before, after) or "changes") if path in UNTOLD or path in NAMED else ""


def _text(path: str, before: object, after: object) -> str:
    """Say what changes in a field, ``""`` where it is only a label that deploying sets by itself."""
    name_of = NAMED.get(path)
    if path in UNTOLD:
        return "comes" if before is None else "goes" if after is None else "changes"
    if not name_of:
        return "; ".join(_leaves(before, after))
    members = _members(_named(before, name_of), _named(after, name_of))
    return members or ("another order" if isinstance(before, list) else "")


def _leaves(before: object, after: object, path: str = "") -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) != after.get(key):
                yield from _leaves(before.get(key), after.get(key), f"{path}{key}.")
    else:
        yield f"{path.removesuffix('.')} {_shown(before)} becomes {_shown(after)}".strip()


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value)


def _members(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    """Say which members of a field come, go or change, without their values."""
    parts = {
        "comes": [name for name in after if name not in before],
        "goes": [name for name in before if name not in after],
        "changes": [name for name in before if name in after and before[name] != after[name]],
    }
    return "; ".join(f"{', '.join(names)} {verb}" for verb, names in parts.items() if names)


def _named(value: object, name_of: Callable[[object], str]) -> dict[str, object]:
    """Sort the members of a field by name; labels that deploying sets by itself are of no account."""
    if isinstance(value, Mapping):
        return {key: each for key, each in value.items() if not key.startswith(OWN_LABELS)}
    return {name_of(each): each for each in value} if isinstance(value, list) else {}


def _part(member: object, key: str) -> str:
    return str(member.get(key, "")) if isinstance(member, Mapping) else str(member)


def _port(port: object) -> str:
    return f"{_part(port, 'PublishedPort')}:{_part(port, 'TargetPort')}/{_part(port, 'Protocol')}"


# Fields with members, and what a member is called.
NAMED: Mapping[str, Callable[[object], str]] = {
    "Labels": str,
    "TaskTemplate.ContainerSpec.Labels": str,
    "TaskTemplate.ContainerSpec.Env": lambda each: str(each).partition("=")[0],
    "TaskTemplate.ContainerSpec.Mounts": lambda each: f"{_part(each, 'Source')}:{_part(each, 'Target')}",
    "TaskTemplate.ContainerSpec.Secrets": lambda each: _part(each, "SecretName"),
    "TaskTemplate.ContainerSpec.Configs": lambda each: _part(each, "ConfigName"),
    "TaskTemplate.Networks": lambda each: _part(each, "Target"),
    "EndpointSpec.Ports": _port,
}
