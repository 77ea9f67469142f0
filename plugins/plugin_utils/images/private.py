"""Find private files among those that others could read then.

Everybody who can pull an image may read what a build copied into it, and everybody who reaches a manager the configs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from .names import context_files, ignore_lines

# What tools keep logins and keys in by default; other files that begin with .env are often meant for everybody.
NAMES = re.compile(r"(\.env(\.(\w+\.)?local)?|\.netrc|\.pgpass|\.git-credentials|.+\.(p12|pfx))")
# RFC 7468 and OpenSSH, with a line of the key itself, which programs that only read keys do not have; age.
KEYS = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\s+(?:[\w-]+: [^\n]*\n)*\s*[A-Za-z0-9+/=]{40}"
    rb"|AGE-SECRET-KEY-1[A-Z0-9]{20}"
)
# Keys are short; a certificate may stand before one.
READ_BYTES = 256 * 1024


def private_files(folder: str, dockerfile: str, secrets: Iterable[str] = ()) -> list[str]:
    """List the private files of a build context, but for those that ``.dockerignore`` lets through by name.

    :param dockerfile: see ``context_files``
    :param secrets: absolute paths of files that are secrets whatever is in them
    :return: paths in the context, such as ``[".env", "tls/server.key"]``
    :raise FileNotFoundError: there is no such folder
    """
    by_name, known = _named(ignore_lines(folder, dockerfile)), {Path(secret).resolve() for secret in secrets}
    found = {name: Path(folder, name) for name in context_files(folder, dockerfile) if name not in by_name}
    return [name for name, path in found.items() if path.resolve() in known or is_private(path)]


def _named(lines: Iterable[str]) -> set[str]:
    """Return the paths of exceptions, such as ``!tls/test.key``: whoever wrote that has thought of the file."""
    return {line.removeprefix("!").strip("/") for line in lines if line.startswith("!")}


def is_private(file: Path) -> bool:
    """Tell whether a file is private by its name, or by a key in it.

    :param file: that can be read
    """
    if NAMES.fullmatch(file.name):
        return True
    with file.open("rb") as stream:
        return KEYS.search(stream.read(READ_BYTES)) is not None
