"""The folder of a backup on the control node: how it is written, and what must hold before anything is restored."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...module_utils import archive
from ..model.problem import Code, Problem, ProblemError
from ..model.request import Saved
from .key import AgeError, Key, decrypting

# The manifest is written last: without it a backup is not whole. All other files are encrypted.
MANIFEST, RECORD, IMAGES = "manifest.json", "releases.json.age", "images.tar.age"
ALTERED = "was cut short or altered"
# How a backup's time is written, an example, and what the beginning of one can be.
TIME, LIKE_TIME = "%Y-%m-%dT%H-%M-%SZ", "2026-11-24T15-00-00Z"
TIMES = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9]{2}(-[0-9]{2}(-[0-9]{2}Z?)?)?)?)?)?")
# JSON.
Raw = Mapping[str, Any]


def data_file(volume: str) -> str:
    """Return the name of the file with a volume's data."""
    return f"data-{volume}.tar.age"


def manifest(folder: Path, at: str, key: Key) -> dict[str, Any]:
    """Return the manifest of a backup whose other files are written.

    :return: ``at``, ``key``, ``files`` with their SHA-256 by name, and ``seal``, which only the key's holder can make
    """
    sums = {path.name: _sum(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    content = {"at": at, "key": key.name, "files": sums}
    return {**content, "seal": key.seal(content)}


def read(folder: str, key: Key, has_images: bool, newer_than: str = "") -> Saved:
    """Read a backup, once all of it is observed to be what the key's holder made.

    :param folder: the backup's, which has a manifest
    :param has_images: whether it must have the registry's images
    :param newer_than: time before which it may not have been made, or the beginning of one
    :raise ProblemError: it is another site's, altered, cut short or too old, or has what must not be unpacked
    """
    path = Path(folder)
    told = _open(path / MANIFEST)
    if told and told.get("key") != key.name:
        raise _refused(
            Code.BACKUP_OTHER_SITE,
            f"{folder}, which was made with another key than that of {key.path}",
            "a backup of this site",
            fix="Name another folder; or, if this one is meant, its key: -e backup_key_file=PATH",
        )
    if not told or not _is_sealed(told, key):
        raise _damaged(folder, [f"{MANIFEST} {ALTERED}"])
    faults = [*_faults(path, told["files"], has_images)]
    if faults:
        raise _damaged(folder, faults)
    if newer_than and told["at"] < newer_than:
        raise _refused(
            Code.BACKUP_TOO_OLD,
            f"{folder}, made at {told['at']}",
            f"one made at {newer_than} or later (backup_newer_than)",
        )
    return _read_files(path, told, key)


def check_time(text: str) -> None:
    """Expect a time as backups have it, or the beginning of one, or ``""``.

    :raise ProblemError: it is another text
    """
    if text and not TIMES.fullmatch(text):
        raise ProblemError(
            Problem(
                code=Code.SETTING_INVALID,
                where="backup_newer_than",
                found=text,
                expected=f"a time such as {LIKE_TIME}, or its beginning, such as {LIKE_TIME[:10]}",
                fix="Correct it, or remove it",
            )
        )


def _open(path: Path) -> dict[str, Any] | None:
    try:
        told = json.loads(path.read_bytes())
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _is_sealed(told: Raw, key: Key) -> bool:
    content = {name: value for name, value in told.items() if name != "seal"}
    return hmac.compare_digest(str(told.get("seal")), key.seal(content))


def _faults(folder: Path, sums: Mapping[str, str], has_images: bool) -> Iterator[str]:
    """Say what is wrong with the files of a backup whose manifest is true."""
    if has_images and IMAGES not in sums:
        yield f"{IMAGES} is missing"
    for name, expected in sums.items():
        path = folder / name
        if not path.is_file():
            yield f"{name} is missing"
        elif _sum(path) != expected:
            yield f"{name} {ALTERED}"


def _read_files(folder: Path, told: Raw, key: Key) -> Saved:
    """Decrypt the record, and check each member of the archives."""
    try:
        with decrypting(folder / RECORD, key.path) as stream:
            record = json.loads(stream.read())
        for name in told["files"]:
            if name.endswith(".tar.age"):
                _check_members(folder / name, key)
    except (AgeError, tarfile.TarError, json.JSONDecodeError) as error:
        raise _damaged(str(folder), [str(error)]) from error
    return Saved(at=told["at"], stacks=record["stacks"], volumes=record["volumes"])


def _check_members(path: Path, key: Key) -> None:
    """Expect that an archive can be unpacked without trust in the host that packed it."""
    with decrypting(path, key.path) as stream:
        try:
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                for _ in archive.members(tar):
                    pass
        except archive.ArchiveError as error:
            raise _refused(
                Code.BACKUP_UNSAFE,
                f"{path}: {error}",
                "files, folders, and links that stay inside the volume",
                fix="Do not restore it, and ask who had root on the host that packed it; name another folder",
            ) from error
        while stream.read(2**20):
            pass


def no_backup(folder: str) -> ProblemError:
    """Return the problem of a folder that is no backup, or of none."""
    return _refused(Code.BACKUP_MISSING, f"'{folder}' without {MANIFEST}", "the folder of a whole backup")


def _damaged(folder: str, faults: list[str]) -> ProblemError:
    return _refused(
        Code.BACKUP_DAMAGED,
        f"{folder}: {', '.join(faults)}",
        "the files as this version's playbooks/backup.yml wrote them",
        fix="Name another folder: -e backup_from=ANOTHER, or copy the files again from where they are whole",
    )


def _refused(
    code: Code, found: str, expected: str, fix: str = f"Name another folder: -e backup_from=backups/{LIKE_TIME}"
) -> ProblemError:
    return ProblemError(Problem(code=code, where="backup_from", found=found, expected=expected, fix=fix))


def _sum(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
