"""The shipped stack with changes, as a user would write them into one more Compose file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bench.stack import ENTRY, option


class Replaced(yaml.SafeDumper):
    """Writes lists so that they replace the ones of the files before, to which Compose would add them."""


def _represent_list(dumper: Replaced, items: list[object]) -> yaml.SequenceNode:
    return dumper.represent_sequence("!override", items)


Replaced.add_representer(list, _represent_list)


def stack_with(
    folder: Path,
    sections: Mapping[str, Any] | None = None,
    entry: Mapping[str, Any] | None = None,
    /,
    **services: Mapping[str, Any],
) -> str:
    """Write changes to the shipped stack's services, and return the option that deploys it.

    :param folder: where they are written, as ``changes.yml``
    :param sections: changes to other parts
    :param entry: changes to the stack's entry in the inventory
    """
    path = folder / "changes.yml"
    path.write_text(yaml.dump({**(sections or {}), "services": services}, Dumper=Replaced, sort_keys=False))
    return option(**{"files": [*ENTRY["files"], str(path)], **(entry or {})})
