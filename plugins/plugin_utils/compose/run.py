"""Let Compose read a project: merge its files, and fill in variables, ``extends``, ``include`` and profiles."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ..model.problem import Code, Problem, ProblemError
from ..stacks.file_problems import fault, without_value

# Debian's package brings a command of its own, Docker's a plugin of the client.
ALONE, PLUGIN = ("docker-compose",), ("docker", "compose")
WITHOUT_VALUE = re.compile(r'The \\?"(\w+)\\?" variable is not set')
# Of the control node's own environment, by which Docker finds its plugins; all that a file takes from there is in the
# inventory.
PASSED = ("PATH", "HOME", "DOCKER_CONFIG")
SECONDS = 60


def resolve(
    name: str, folder: Path, files: Sequence[str], environment: Mapping[str, object], profiles: Sequence[str] = ()
) -> dict[str, Any]:
    """Return a project as Compose understands it.

    :param name: of the stack
    :param folder: that the files' paths begin at
    :param environment: values of the files' variables, beside those of a file ``.env`` in the folder
    :return: as ``docker compose config --format json`` prints it: long forms, absolute paths, variables filled in
    :raise ProblemError: this machine has no Compose, or Compose refuses the files
    """
    place = folder.absolute()
    paths = [place / file for file in files]
    arguments = (
        f"--project-name={name.lower()}",
        f"--project-directory={place}",
        *(f"--file={path}" for path in paths),
        *(f"--profile={profile}" for profile in profiles),
        "config",
        "--format=json",
    )
    values = {key: "" if value is None else str(value) for key, value in environment.items()}
    given = _passed() | {"PWD": str(place)} | values
    stamps = tuple(_stamp(path) for path in [*paths, place / ".env"])
    try:
        told = _ask_compose(arguments, tuple(given.items()), stamps)
    except subprocess.TimeoutExpired as error:
        raise fault(f"no answer of Compose within {SECONDS} s", "files that it reads at once") from error
    if told.returncode:
        raise fault(_sentence(told.stderr), "files that `docker compose config` takes")
    missing = dict.fromkeys(WITHOUT_VALUE.findall(told.stderr))
    if missing:
        raise ProblemError(without_value([f"${{{variable}}}" for variable in missing]))
    resolved: dict[str, Any] = json.loads(told.stdout)
    return resolved


Stamp = tuple[int, int, int]


def _stamp(path: Path) -> Stamp | None:
    """Return what is another one once a file was changed."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


# Several variables of a run are made of the stacks, for every host.
@cache
def _ask(
    command: tuple[str, ...], environment: tuple[tuple[str, str], ...], _stamps: tuple[Stamp | None, ...]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=dict(environment), capture_output=True, text=True, timeout=SECONDS)


def _passed() -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED if name in os.environ}


def _ask_compose(
    arguments: tuple[str, ...], environment: tuple[tuple[str, str], ...], stamps: tuple[Stamp | None, ...]
) -> subprocess.CompletedProcess[str]:
    """Ask Compose 2: a client of Docker alone has none, and some systems have the first one still."""
    for command in (ALONE, PLUGIN):
        if shutil.which(command[0]):
            told = _ask((*command, *arguments), environment, stamps)
            # Only of a failure it matters which one it is: neither of the others takes these arguments.
            if told.returncode == 0 or _is_compose_2(command):
                return told
    raise ProblemError(
        Problem(
            code=Code.COMPOSE_MISSING,
            where="the control node",
            found="neither docker-compose of version 2 nor docker with its plugin compose",
            expected="Compose 2, which reads the stack's files",
            fix="Install it on the machine that runs Ansible, such as by: apt-get install docker-compose",
        )
    )


def _is_compose_2(command: tuple[str, ...]) -> bool:
    asked = [*command, "version", "--short"]
    told = subprocess.run(asked, env=_passed(), capture_output=True, text=True, timeout=SECONDS)
    return told.returncode == 0 and not told.stdout.strip().lstrip("v").startswith("1.")


def _sentence(text: str) -> str:
    """Take what Compose says in the end; of an error of its own, not where in Compose that was."""
    lines = [line for line in text.partition("\ngoroutine ")[0].splitlines() if "level=warning" not in line]
    return " ".join(lines).strip().rstrip(".") or "no answer"
