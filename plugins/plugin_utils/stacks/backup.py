"""Decide what a backup holds, whether one is whole, where the stack's data is, and what a restore brings back.

A release is its stack file, and names secrets by their objects. The swarm tells nobody a secret's value, and a backup
must not either. So an object comes back under its old name: with the inventory's value where that is still the one that
its name was made of, or with a new value where the old one was generated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...module_utils.observation import Observed
from ...module_utils.observation.stack import Release, SecretObject, Stack
from ...module_utils.releases import AT_LABEL, VERSION_LABEL
from ..model.problem import Code, Problem, ProblemError
from ..model.site import Site
from ..model.site import Stack as DesiredStack
from .file import VOLUME_PREFIX, parse
from .secrets import NewSecret, is_of

SERVICE, VOLUME = "redis", "redis-data"
# What a backup's folder has. The record is written last: without it a backup is not whole.
RECORD_FILE, DATA_FILE, IMAGES_FILE = "releases.json", "redis.rdb", "registry.tar"
ALTERED = "was cut short or altered"
# JSON of a backup, or of the engine.
Raw = Mapping[str, Any]


def saved_stack(site: Site) -> DesiredStack:
    """Return the stack that a backup is of: the one with Redis' data, of those that the run is about.

    Where none has it, the first is returned, of which ``place`` then says what is missing.

    :raise ProblemError: several have it
    """
    stacks = [stack for stack in site.stacks if site.is_chosen(stack.name)]
    found = [stack for stack in stacks if SERVICE in parse(stack.text).pinned_services([label_of(stack.name)])]
    if len(found) > 1:
        raise _impossible(
            f"service {SERVICE} with volume {VOLUME} in the stacks {' and '.join(stack.name for stack in found)}",
            "one stack with it, whose data a backup is of",
            f"Say of which: -e stack={found[0].name}",
        )
    return [*found, *stacks][0]


def volume_of(stack: str) -> str:
    """Return the volume of a stack whose data a backup is of, as the engine has it."""
    return f"{stack}_{VOLUME}"


def label_of(stack: str) -> str:
    """Return the label of the node that has that volume."""
    return f"{VOLUME_PREFIX}{volume_of(stack)}"


def place(observed: Mapping[str, Observed], stack: str, registry_host: str = "") -> dict[str, str]:
    """Find the hosts that a backup is made of, and that a restore changes.

    :param observed: of the hosts that could be reached
    :param stack: name of the stack
    :param registry_host: inventory name of the host that serves the registry, ``""`` for an external one
    :return: inventory names: ``manager`` answers for the swarm, ``data`` has Redis' data, ``registry`` has the
        images, where a host of the inventory serves it
    :raise ProblemError: one of them is not there
    """
    running = {name: (found.stacks or {}).get(stack, Stack()) for name, found in observed.items()}
    manager = next((name for name, found in running.items() if found.services), "")
    if not manager:
        raise _impossible("no manager that answers for a swarm with the stack", "one", "Run site.yml first")
    if SERVICE not in running[manager].services:
        raise _impossible(
            f"a stack without service {SERVICE}",
            "that service, whose data a backup is of",
            "Copy the data of other services by their own means, see docs/data.md",
        )
    holders = {node.id for node in observed[manager].nodes or () if node.labels.get(label_of(stack)) == "true"}
    found = [name for name, host in observed.items() if host.swarm.node_id in holders]
    if not found:
        raise _impossible(
            f"no answer of the node that has the data (label {label_of(stack)})",
            "that node",
            "Bring it back, or run site.yml, which says what is missing",
        )
    if registry_host and registry_host not in observed:
        raise _impossible(
            "the host that has the registry's images could not be reached", "an answer", "Bring it back", registry_host
        )
    return {"manager": manager, "data": found[0], **({"registry": registry_host} if registry_host else {})}


def _impossible(found: str, expected: str, fix: str, *hosts: str) -> ProblemError:
    return ProblemError(Problem(code=Code.BACKUP_IMPOSSIBLE, hosts=hosts, found=found, expected=expected, fix=fix))


def sums(folder: str) -> dict[str, str]:
    """Sum up the files that a backup has so far.

    :return: dict of file name to SHA-256
    """
    return {path.name: _sum(path) for path in sorted(Path(folder).iterdir())}


def record(
    configs: Iterable[Raw], name: str, secrets: Mapping[str, SecretObject], files: Mapping[str, str]
) -> dict[str, Any]:
    """Put a stack's releases, configs and the names of its secrets' objects into one structure.

    :param configs: the stack's configs as ``docker config inspect`` tells them
    :param name: the stack's name
    :param secrets: the stack's, by object
    :param files: see ``sums``
    :return: dict, JSON all through
    """
    kept = []
    for config in configs:
        labels = dict(config["Spec"]["Labels"])
        if VERSION_LABEL in labels:
            labels.setdefault(AT_LABEL, f"{config['CreatedAt'][:19]}Z")
        kept.append({"name": config["Spec"]["Name"], "labels": labels, "data": config["Spec"]["Data"]})
    kept.sort(key=lambda config: (_number(config), config["name"]))
    named = {key: {"name": entry.name, "salt": entry.salt} for key, entry in secrets.items()}
    content = {"stack": name, "configs": kept, "secrets": named, "files": files}
    return {**content, "sum": _seal(content)}


def read(folder: str, files: Sequence[str], name: str) -> dict[str, Any]:
    """Read a backup's record, once all that is needed of the backup is observed to be as it was made.

    :param folder: the backup's, ``""`` where the user named none
    :param files: names of the files that are needed, the record first
    :param name: the stack's name
    :return: see ``record``
    :raise ProblemError: there is no backup, it is not whole, or it is one of another stack
    """
    path, *others = (Path(folder) / file for file in files)
    if not folder or not path.is_file():
        raise _refused(
            Code.BACKUP_MISSING, f"'{folder}' without {path.name}", "the folder of a whole backup", "backups/..."
        )
    saved = _open(path)
    faults = [_fault(other, saved["files"]) for other in others] if saved else [f"{path.name} {ALTERED}"]
    if not saved or any(faults):
        raise _refused(
            Code.BACKUP_DAMAGED,
            f"{folder}: {', '.join(filter(None, faults))}",
            "the files as this version's playbooks/backup.yml wrote them",
            "ANOTHER, or copy the files again from where they are whole",
        )
    if saved["stack"] != name:
        raise _refused(
            Code.BACKUP_OTHER_STACK,
            f"{folder}, a backup of stack {saved['stack']}",
            f"a backup of stack {name}",
            f"backups/{name}-DATE",
        )
    return saved


def _refused(code: Code, found: str, expected: str, other: str) -> ProblemError:
    return ProblemError(
        Problem(
            code=code,
            where="backup_from",
            found=found,
            expected=expected,
            fix=f"Name another folder: -e backup_from={other}",
        )
    )


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

    :param saved: see ``record``
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


def _open(path: Path) -> dict[str, Any] | None:
    """Return what a record says; ``None`` if that is not what was written."""
    try:
        saved: dict[str, Any] = json.loads(path.read_bytes())
        return saved if saved.pop("sum") == _seal(saved) else None
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _seal(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _fault(path: Path, expected: Mapping[str, str]) -> str:
    """Say what is wrong with a file of a backup, or ``""``."""
    if not path.is_file() or path.name not in expected:
        return f"{path.name} is missing"
    return "" if _sum(path) == expected[path.name] else f"{path.name} {ALTERED}"


def _sum(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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
