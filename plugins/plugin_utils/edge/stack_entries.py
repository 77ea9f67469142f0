"""Read the stacks that the inventory describes, with their files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..checks.settings import load_entry_options
from ..stacks.file import parse
from .role_variables import ROLES


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a run is asked to do with the stacks that it is about.

    :ivar chosen: their names, none for all
    :ivar rotate: secrets that get another value
    :ivar lost: names of data whose loss the user accepts
    :ivar release: number of the release to go back to, ``0`` for the previous one
    """

    chosen: Sequence[str] = ()
    rotate: Sequence[str] = ()
    lost: Sequence[str] = ()
    release: int = 0


def read_entry(name: str, entry: Mapping[str, Any], folder: str, request: RunRequest) -> dict[str, Any]:
    """Return a stack as ``model.site.read_site`` reads it.

    :param entry: as the user wrote it
    :param folder: of the inventory; a relative path begins there, wherever Ansible is run
    :raise OSError: the file cannot be read
    :raise ProblemError: it cannot be understood
    """
    given = {**_defaults(), **entry}
    # As it is written: behind a link, such as the demo's inventory, `..` is not the folder that the link leads to.
    path = Path(os.path.normpath(Path(folder) / Path(str(entry["file"])).expanduser()))
    file = parse(path.read_text())
    visible = file.render_known(given["environment"])
    is_meant = not request.chosen or name in request.chosen
    return {
        "name": name,
        "text": file.text,
        "folder": str(path.parent),
        "environment": given["environment"],
        "secrets": list(given["secrets"]),
        "spread": given["spread"],
        "timeout": given["timeout"],
        "check_path": given["check"],
        "ready_path": given["ready"],
        "after": given["after"],
        "ports": visible.published(),
        "page_port": visible.page_port,
        "rotate": list(request.rotate) if is_meant else [],
        "lost": list(request.lost) if is_meant else [],
        "release": request.release if is_meant else 0,
    }


@cache
def _defaults() -> dict[str, object]:
    return {name: option.default for name, option in load_entry_options(ROLES).items()}
