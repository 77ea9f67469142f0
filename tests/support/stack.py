"""Copies of the shipped stack file with changes, as a user would edit it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bench.stack import FILE, option


def merge(base: dict[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Put a change into a nested dict."""
    for key, value in change.items():
        base[key] = merge(base.get(key, {}), value) if isinstance(value, dict) else value
    return base


def stack_with(
    folder: Path,
    sections: Mapping[str, Any] | None = None,
    entry: Mapping[str, Any] | None = None,
    /,
    **services: Mapping[str, Any],
) -> str:
    """Write the shipped stack file with changes to its services, and return the option that deploys it.

    :param folder: where it is written, as ``stack.yml``
    :param sections: changes to other parts of the file
    :param entry: changes to the stack's entry in the inventory
    """
    path = folder / "stack.yml"
    content = merge(yaml.safe_load(FILE.read_text()), {**(sections or {}), "services": services})
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return option(path, **(entry or {}))


def apps(**folders: Path | str) -> str:
    """Return the option that names the folders of apps."""
    return json.dumps({"image_apps": {name: str(folder) for name, folder in folders.items()}})
