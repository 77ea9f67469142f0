"""Write files, each as a whole: who reads one meanwhile, or after a power cut, finds the old text or the new one."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile


def is_so(path: str, text: str, mode: int) -> bool:
    """Tell whether a file, or the one that a link leads to, has that text and mode.

    :raise OSError: it cannot be read, as where a folder is in its place
    """
    try:
        with open(path, "rb") as stream:
            return stream.read() == text.encode() and stat.S_IMODE(os.fstat(stream.fileno()).st_mode) == mode
    except FileNotFoundError:
        return False


def write(path: str, text: str, mode: int, folder_mode: int) -> None:
    """Write a file, which belongs to who runs this; a link in its place is replaced.

    Where only its mode differs it keeps its time, which says whether a service that reads it started before it.

    :param folder_mode: of a folder that is made for it, and of each above it that is
    :raise OSError: as where the disk is full; the file is as it was then
    """
    folder, time = os.path.dirname(path), _time_of(path, text)
    _make(folder, folder_mode)
    descriptor, fresh = tempfile.mkstemp(prefix=".flotilla-", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            # Before there is anything in it to read.
            os.fchmod(stream.fileno(), mode)
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
        if time is not None:
            os.utime(fresh, (time, time))
        os.replace(fresh, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(fresh)
        raise


def _time_of(path: str, text: str) -> float | None:
    """Return since when a file has a text, in seconds since 1970; ``None`` where it has another, or is a link."""
    try:
        with open(path, "rb") as stream:
            is_same = stream.read() == text.encode() and not os.path.islink(path)
            return os.fstat(stream.fileno()).st_mtime if is_same else None
    except OSError:
        return None


def _make(folder: str, mode: int) -> None:
    if os.path.isdir(folder):
        return
    _make(os.path.dirname(folder), mode)
    os.mkdir(folder)
    # Whatever the mask of who runs this keeps off.
    os.chmod(folder, mode)
