"""The key of a site's backups, which its operator holds in a file of the control node.

It is a key of age (https://age-encryption.org), which encrypts and decrypts the files. age lets anybody who has a
recipient, the public part, make a file for it. So that only who holds the key can make a backup, its manifest carries a
code (HMAC, RFC 2104) under the key's secret part. age cannot be made with a passphrase without a terminal, and signs
nothing; with gpg, one more daemon would run and its folder would have to be there.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..model.problem import Code, Problem, ProblemError

SECRET = re.compile(rb"^AGE-SECRET-KEY-1[0-9A-Z]+(?=\r?$)", re.MULTILINE)
# Digits by which keys are told apart, which tell nothing about them.
DIGITS = 16


class AgeError(Exception):
    """age ended with an error; the message is its own."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key.

    :ivar path: of its file
    """

    path: Path
    secret: bytes

    def __repr__(self) -> str:
        """Tell where it is, and not what."""
        return f"Key({str(self.path)!r})"

    @property
    def name(self) -> str:
        """Return what it is called in a backup."""
        return self._code(b"flotilla: name of a key")[:DIGITS]

    def seal(self, content: object) -> str:
        """Return the code that shows that a content, any JSON, is from who holds the key."""
        return self._code(b"flotilla: manifest of a backup\n" + json.dumps(content, sort_keys=True).encode())

    def _code(self, text: bytes) -> str:
        return hmac.new(self.secret, text, hashlib.sha256).hexdigest()


def read_key(path: Path) -> Key:
    """Read a key, as ``age-keygen`` writes it.

    :raise ProblemError: there is none, or not exactly one
    """
    try:
        found = SECRET.findall(path.read_bytes())
    except OSError as error:
        raise _no_key(f"{path}: {error.strerror}") from error
    if len(found) != 1:
        raise _no_key(f"{path} with {len(found)} keys")
    return Key(path, found[0])


def _no_key(found: str) -> ProblemError:
    return ProblemError(
        Problem(
            code=Code.BACKUP_KEY,
            where="backup_key_file",
            found=found,
            expected="the file with the key that the backup was made with, as age-keygen writes it",
            fix="Bring the file back, or name it: -e backup_key_file=PATH",
        )
    )


def require_age() -> None:
    """Expect that this machine has age.

    :raise ProblemError: it does not
    """
    if not shutil.which("age"):
        raise ProblemError(
            Problem(
                code=Code.AGE_MISSING,
                found="no command age on the machine that runs Ansible",
                expected="age 1.0 or newer, which encrypts backups",
                fix="Install Debian's package age there (apt-get install age)",
            )
        )


@contextmanager
def encrypting(path: Path, key: Path) -> Iterator[IO[bytes]]:
    """Give a stream whose content is written to a file that only the key's holder can read.

    :raise AgeError: age ended with an error
    """
    with path.open("wb") as stream:
        path.chmod(0o600)
        with _age(["--encrypt", "--identity", str(key)], stdin=subprocess.PIPE, stdout=stream) as age:
            assert age.stdin
            with age.stdin:
                yield age.stdin


@contextmanager
def decrypting(path: Path, key: Path) -> Iterator[IO[bytes]]:
    """Give a stream with what was encrypted; it must be read to its end.

    :raise AgeError: the file is another one than was written, or is for another key
    """
    with _age(["--decrypt", "--identity", str(key), str(path)], stdout=subprocess.PIPE) as age:
        assert age.stdout
        with age.stdout:
            yield age.stdout


@contextmanager
def _age(
    arguments: list[str], stdout: int | IO[bytes], stdin: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """Run age, and expect its success at the end; it ends with the context, however that ends."""
    with subprocess.Popen(["age", *arguments], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE) as age:
        try:
            yield age
        except BrokenPipeError:
            # It has ended before it read all, and says why.
            pass
        except BaseException:
            age.kill()
            raise
        assert age.stderr
        said = age.stderr.read().decode(errors="replace").strip()
    if age.returncode:
        raise AgeError(said)
