"""Read what flotilla keeps of a stack: releases, secrets and configs in the swarm, images on a host."""

from __future__ import annotations

import base64
import json

STACK_LABEL = "flotilla.stack"
# Set by community.docker's rolling_versions: the number behind the object's name.
VERSION_LABEL = "ansible_version"
# When a release was deployed, on a record that came back from a backup.
AT_LABEL = "flotilla.at"


def objects(configs, secrets, name):
    """Describe a stack's releases, secrets and configs.

    Of the labels only flotilla's own are told: community.docker keeps a plain digest of a secret's value in another.

    :param configs: all of the swarm, as ``GET /configs`` lists them
    :param secrets: as ``GET /secrets`` lists them
    :param name: of the stack
    :return: dict with ``secrets`` (by object: ``name``, ``salt``, ``created``), ``secret_names`` (of all objects of the
        swarm, also others'), ``configs`` (names of objects), ``login`` (fingerprint of the registry's login that the
        services got, or ``""``), ``releases`` (oldest first: ``number``, ``at``, ``by``, ``rollback_to``, ``left``,
        ``file``) and ``record`` (of the newest: ``file`` and ``specs``; ``None`` before the first converged deploy)
    """
    configs = [config for config in configs if _labels(config).get(STACK_LABEL) == name]
    records = sorted((config for config in configs if VERSION_LABEL in _labels(config)), key=_version)
    contents = [content for content in map(_content, records) if content]
    return {
        "secrets": {
            secret["Spec"]["Name"]: {
                "name": _labels(secret).get("flotilla.secret", ""),
                "salt": _labels(secret).get("flotilla.salt", ""),
                "created": secret["CreatedAt"],
            }
            for secret in secrets
            if _labels(secret).get(STACK_LABEL) == name
        },
        "secret_names": [secret["Spec"]["Name"] for secret in secrets],
        "configs": [config["Spec"]["Name"] for config in configs if "flotilla.config" in _labels(config)],
        "login": next((_text(config) for config in configs if "flotilla.login" in _labels(config)), ""),
        "releases": [content["release"] for content in contents],
        "record": {key: contents[-1][key] for key in ("file", "specs")} if contents else None,
    }


def _labels(item):
    return item["Spec"].get("Labels") or {}


def _text(config):
    return base64.b64decode(config["Spec"].get("Data") or "").decode(errors="replace")


def _version(config):
    return int(_labels(config)[VERSION_LABEL])


def _content(config):
    """Read a record; one that is none is left out, and so deployed anew."""
    try:
        content = json.loads(base64.b64decode(config["Spec"]["Data"]))
        content["release"] = {
            "file": content["file"],
            "number": _version(config),
            "at": _labels(config).get(AT_LABEL) or f"{config['CreatedAt'][:19]}Z",
            "by": content.get("by", "unknown"),
            "rollback_to": content.get("rollback_to", 0),
            "left": content.get("left", []),
        }
    except (ValueError, KeyError, TypeError):
        return None
    return content


def local_images(engine, registry, stack_name):
    """List this host's images that came from a registry.

    :return: list of dicts with ``id``, ``names`` and ``used``: by a container that runs, or that is not the stack's
    """
    used = {
        container["ImageID"]
        for container in engine.get("/containers/json", all="true")
        if container["State"] == "running"
        or (container.get("Labels") or {}).get("com.docker.stack.namespace") != stack_name
    }
    found = []
    for image in engine.get("/images/json"):
        names = [*(image.get("RepoTags") or []), *(image.get("RepoDigests") or [])]
        if any(name.startswith(f"{registry}/") for name in names):
            found.append({"id": image["Id"], "names": names, "used": image["Id"] in used})
    return found
