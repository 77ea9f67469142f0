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
COMMANDS = (("docker-compose",), ("docker", "compose"))
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
    command = [
        *_command(),
        f"--project-name={name.lower()}",
        f"--project-directory={folder.absolute()}",
        *(f"--file={folder.absolute() / file}" for file in files),
        *(f"--profile={profile}" for profile in profiles),
        "config",
        "--format=json",
    ]
    values = {key: "" if value is None else str(value) for key, value in environment.items()}
    done = subprocess.run(command, env=_passed() | values, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        raise fault(_sentence(done.stderr), "files that `docker compose config` takes")
    missing = dict.fromkeys(WITHOUT_VALUE.findall(done.stderr))
    if missing:
        raise ProblemError(without_value([f"${{{variable}}}" for variable in missing]))
    resolved: dict[str, Any] = json.loads(done.stdout)
    return resolved


def _passed() -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED if name in os.environ}


@cache
def _command() -> tuple[str, ...]:
    """Find Compose; a Docker without the plugin has none."""
    for command in COMMANDS:
        if shutil.which(command[0]):
            version = subprocess.run([*command, "version"], env=_passed(), capture_output=True, timeout=SECONDS)
            if version.returncode == 0:
                return command
    raise ProblemError(
        Problem(
            code=Code.COMPOSE_MISSING,
            where="the control node",
            found="neither docker-compose nor docker with its plugin compose",
            expected="Compose 2, which reads the stack's files",
            fix="Install it on the machine that runs Ansible, such as by: apt-get install docker-compose",
        )
    )


def _sentence(text: str) -> str:
    """Take what Compose says in the end; of an error of its own, not where in Compose that was."""
    lines = [line for line in text.partition("\ngoroutine ")[0].splitlines() if "level=warning" not in line]
    return " ".join(lines).strip().rstrip(".") or "no answer"
