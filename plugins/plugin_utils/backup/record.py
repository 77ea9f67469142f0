"""Decide what a backup holds of the swarm, and what of that a restore brings back.

A release is its stack file, and names secrets by their objects. The swarm tells nobody a secret's value, and a backup
must not either. So an object comes back under its old name: with the inventory's value where that is still the one that
its name was made of, or with a new value where the old one was generated.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils.observation.stack import Release, SecretObject, Stack
from ...module_utils.releases import AT_LABEL, STACK_LABEL, VERSION_LABEL
from ..stacks.secrets import NewSecret, is_of

# JSON of a backup, or of the engine.
Raw = Mapping[str, Any]


def record(
    configs: Iterable[Raw], secrets: Mapping[str, Mapping[str, SecretObject]], volumes: Mapping[str, str]
) -> dict[str, Any]:
    """Put the releases, configs and names of secrets of stacks into one structure.

    :param configs: those of any stack as ``docker config inspect`` tells them
    :param secrets: by stack that is saved, its secrets by object
    :param volumes: stack by volume whose data is saved
    :return: dict, JSON all through
    """
    kept: dict[str, list[dict[str, Any]]] = {name: [] for name in secrets}
    for config in configs:
        labels = dict(config["Spec"]["Labels"])
        if VERSION_LABEL in labels:
            labels.setdefault(AT_LABEL, f"{config['CreatedAt'][:19]}Z")
        if labels.get(STACK_LABEL) in kept:
            entry = {"name": config["Spec"]["Name"], "labels": labels, "data": config["Spec"]["Data"]}
            kept[labels[STACK_LABEL]].append(entry)
    return {
        "stacks": {
            name: {
                "configs": sorted(kept[name], key=lambda config: (_number(config), config["name"])),
                "secrets": {key: {"name": entry.name, "salt": entry.salt} for key, entry in objects.items()},
            }
            for name, objects in secrets.items()
        },
        "volumes": dict(volumes),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What a swarm lacks of a backup.

    :ivar remove: names of configs
    :ivar configs: name, data and labels of each, releases after what they need
    :ivar secrets: objects to create
    """

    remove: tuple[str, ...]
    configs: tuple[Raw, ...]
    secrets: tuple[NewSecret, ...]


def missing(saved: Raw, observed: Stack, name: str, secrets: Collection[str], values: Mapping[str, str]) -> Missing:
    """Say what a swarm lacks of a backup.

    The releases of a swarm that has gone on since then are left as they are. Those of one that was set
    up again are replaced.

    :param saved: ``configs`` and ``secrets`` of the stack, see ``record``
    :param name: the stack's name
    :param secrets: names of those that the inventory has
    :param values: of those that it has a value for
    """
    releases = {_number(config): config for config in saved["configs"] if VERSION_LABEL in config["labels"]}
    fresh = _was_set_up_again(observed.releases, releases)
    newest = observed.releases[-1].number if observed.releases and not fresh else 0
    others = [config for config in saved["configs"] if VERSION_LABEL not in config["labels"]]
    known = {secret: values.get(secret, "") for secret in secrets}
    return Missing(
        remove=tuple(f"flotilla_{name}.release_v{release.number}" for release in observed.releases if fresh),
        configs=(
            *(config for config in others if config["name"] not in observed.configs),
            *(config for number, config in releases.items() if number > newest),
        ),
        secrets=tuple(
            NewSecret(name=entry["name"], object=key, salt=entry["salt"])
            for key, entry in saved["secrets"].items()
            if key not in observed.secret_names and _has_value(key, entry, known)
        ),
    )


def _number(config: Raw) -> int:
    return int(config["labels"].get(VERSION_LABEL, 0))


def _was_set_up_again(now: Sequence[Release], saved: Mapping[int, Raw]) -> bool:
    """Tell whether a swarm's releases are neither those of the backup nor have gone on from there."""
    same = [one for one in now if one.number in saved and saved[one.number]["labels"][AT_LABEL] == one.at]
    return bool(saved and now) and not same and now[-1].number <= max(saved)


def _has_value(key: str, entry: Mapping[str, str], values: Mapping[str, str]) -> bool:
    """Tell whether a value can be had that goes with an object's name."""
    value = values.get(entry["name"])
    return bool(value and is_of(key, value, entry["salt"])) if entry["salt"] else entry["name"] in values
