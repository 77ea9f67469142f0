"""Remove folders: what is gone already is as good, and whatever else stands in the way is told."""

import shutil
from collections.abc import Callable
from pathlib import Path


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it.

    :raise OSError: something cannot be removed
    """
    shutil.rmtree(folder, onexc=_unless_gone)


def _unless_gone(_function: Callable[..., object], _path: str, error: BaseException) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
