"""Read what flotilla keeps of a stack: releases, secrets and configs in the swarm, images on a host."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from itertools import chain

from .engine import Engine, Item
from .observation.host import LocalImage
from .observation.service import Service
from .observation.stack import Record, Release, SecretObject, Stack

STACK_LABEL = "flotilla.stack"
# An image by its digest.
PINNED = re.compile(r"[\w.:/-]+@sha256:[0-9a-f]{64}")
# By it a service's tasks learn whether they may begin without data: ``new`` or ``kept``.
DATA_LABEL = "flotilla.data"
# Set by community.docker's rolling_versions: the number behind the object's name.
VERSION_LABEL = "ansible_version"
# When a release was deployed, on a record that came back from a backup.
AT_LABEL = "flotilla.at"


def describe(name: str, services: Mapping[str, Service], configs: Sequence[Item], secrets: Sequence[Item]) -> Stack:
    """Describe a stack by its services and what flotilla keeps of it.

    Of the labels only flotilla's own are told: community.docker keeps a plain digest of a secret's value in another.

    :param configs: all of the swarm, as ``GET /configs`` lists them
    :param secrets: as ``GET /secrets`` lists them
    """
    others = [config for config in configs if STACK_LABEL not in _labels(config)]
    configs = [config for config in configs if _labels(config).get(STACK_LABEL) == name]
    records = sorted((config for config in configs if VERSION_LABEL in _labels(config)), key=_version)
    contents = [content for content in map(_content, records) if content]
    return Stack(
        services=services,
        secrets={
            secret["Spec"]["Name"]: SecretObject(
                name=_labels(secret).get("flotilla.secret", ""),
                salt=_labels(secret).get("flotilla.salt", ""),
                created=secret["CreatedAt"],
            )
            for secret in secrets
            if _labels(secret).get(STACK_LABEL) == name
        },
        secret_names=tuple(secret["Spec"]["Name"] for secret in secrets),
        configs=tuple(config["Spec"]["Name"] for config in configs if "flotilla.config" in _labels(config)),
        other_configs={config["Spec"]["Name"]: hashlib.sha256(_data(config)).hexdigest() for config in others},
        records=tuple(config["Spec"]["Name"] for config in configs if "flotilla.config" not in _labels(config)),
        login=next((_text(config) for config in configs if "flotilla.login" in _labels(config)), ""),
        releases=tuple(release for release, _record in contents),
        record=contents[-1][1] if contents else None,
    )


def owners(*listings: Sequence[Item]) -> tuple[str, ...]:
    """List the stacks of which flotilla keeps something; where a first deploy failed, that is services alone.

    :param listings: all configs and services of the swarm, as the engine lists them
    """
    return tuple(sorted({owner for each in chain(*listings) if (owner := _labels(each).get(STACK_LABEL))}))


def image_names(services: Sequence[Item], configs: Sequence[Item]) -> tuple[str, ...]:
    """List the images that something in the swarm may run again: services, those before, and recorded releases.

    A record is searched as text, so that one that cannot be read counts as well.

    :param services: all of the swarm, as ``GET /services`` lists them; as ``configs``
    """
    specs = [spec for service in services for spec in (service["Spec"], service.get("PreviousSpec")) if spec]
    images = {(spec["TaskTemplate"].get("ContainerSpec") or {}).get("Image", "") for spec in specs}
    records = (_text(config) for config in configs if STACK_LABEL in _labels(config))
    return tuple(sorted(images.union(*map(PINNED.findall, records)) - {""}))


def _labels(item: Item) -> Mapping[str, str]:
    return item["Spec"].get("Labels") or {}


def _text(config: Item) -> str:
    return _data(config).decode(errors="replace")


def _data(config: Item) -> bytes:
    return base64.b64decode(config["Spec"].get("Data") or "")


def _version(config: Item) -> int:
    return int(_labels(config)[VERSION_LABEL])


def _content(config: Item) -> tuple[Release, Record] | None:
    """Read a record; one that is none is left out, and so deployed again."""
    try:
        content = json.loads(base64.b64decode(config["Spec"]["Data"]))
        record = Record(file=content["file"], specs=content["specs"])
        release = Release(
            number=_version(config),
            at=_labels(config).get(AT_LABEL) or f"{config['CreatedAt'][:19]}Z",
            by=content.get("by", "unknown"),
            rollback_to=content.get("rollback_to", 0),
            rolled_back=tuple(content.get("rolled_back", ())),
            file=record.file,
        )
        return release, record
    except (ValueError, KeyError, TypeError):
        return None


def local_images(engine: Engine, registry: str, stack_names: Collection[str]) -> tuple[LocalImage, ...]:
    """List this host's images that came from a registry; one is used by what runs, or is of none of the stacks.

    :param registry: what the names of its images begin with
    """
    used = {
        container["ImageID"]
        for container in engine.get("/containers/json", all="true")
        if container["State"] == "running"
        or (container.get("Labels") or {}).get("com.docker.stack.namespace") not in stack_names
    }
    found = []
    for image in engine.get("/images/json"):
        names = (*(image.get("RepoTags") or ()), *(image.get("RepoDigests") or ()))
        if any(name.startswith(f"{registry}/") for name in names):
            found.append(LocalImage(id=image["Id"], names=names, used=image["Id"] in used))
    return tuple(found)
