"""Read the stacks that the inventory describes, with their Compose files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from ..checks.settings import load_entry_options
from ..compose.builds import BuildRequest
from ..compose.lines import Lines
from ..compose.objects import text_of
from ..compose.run import resolve
from ..compose.translate import translate
from ..images.dockerfile import base_images, is_of_registry
from ..images.private import private_files
from ..model.problem import Code, Problem, ProblemError, first_of
from ..stacks.file import StackFile, make
from .role_variables import ROLES

# What Compose reads beside the files themselves, where a variable may stand, too.
READS_OTHERS = re.compile(r"^\s*-?\s*(include|extends|env_file)\s*:", re.MULTILINE)

# What the place of a problem in a stack's files begins with.
IN_FILES = ".files: "


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a run is asked to do with the stacks that it is about.

    :ivar chosen: their names, none for all
    :ivar rotate: secrets that get another value
    :ivar lost: names of data whose loss the user accepts
    :ivar adopt: names of stacks of which the user accepts what taking them over changes
    :ivar release: number of the release to go back to, ``0`` for the previous one
    """

    chosen: Sequence[str] = ()
    rotate: Sequence[str] = ()
    lost: Sequence[str] = ()
    adopt: Sequence[str] = ()
    release: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What the files of a stack say, as plain data; where they cannot be read, a stack file without services.

    :ivar file: for the swarm
    :ivar secret_files: by secret, the file with its value
    :ivar builds: as ``images.names`` reads them
    :ivar images: places in the files by the name of the image there
    """

    file: StackFile
    secret_files: dict[str, str] = field(default_factory=dict)
    builds: list[dict[str, object]] = field(default_factory=list)
    images: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    problems: list[Problem]


def read_entry(name: str, entry: Mapping[str, Any], folder: str, request: RunRequest) -> dict[str, Any]:
    """Return a stack as ``model.site.read_site`` reads it.

    What is wrong with its files is a part of it: it forbids some runs, and others not.

    :param entry: as the user wrote it
    :param folder: of the inventory; a relative path begins there, wherever Ansible is run
    """
    given = {**_defaults(), **entry}
    path = project_folder(str(entry["path"]), folder)
    read = _read_files(name, given, path)
    page = read.file.page(int(given["port"]))
    is_meant = not request.chosen or name in request.chosen
    return {
        "name": name,
        "text": read.file.text,
        "environment": given["environment"],
        "unused": sorted(_unused(given, path)),
        "secrets": [*given["secrets"], *read.secret_files],
        "secret_files": read.secret_files,
        "builds": read.builds,
        "images": read.images,
        "others": sorted({each.image for each in read.file.services.values() if is_of_registry(each.image)}),
        "warnings": read.warnings,
        "problems": [{**asdict(problem), "code": problem.code.value} for problem in read.problems],
        "spread": given["spread"],
        "timeout": given["timeout"],
        "check_path": given["check"],
        "ready_path": given["ready"],
        "after": given["after"],
        "dumps": given["backup"],
        "ports": [socket for service in read.file.services.values() for socket in service.sockets()],
        "port": given["port"],
        "page_port": page.port if page else None,
        "rotate": list(request.rotate) if is_meant else [],
        "lost": list(request.lost) if is_meant else [],
        "adopt": name in request.adopt,
        "release": request.release if is_meant else 0,
    }


def project_folder(path: str, folder: str) -> Path:
    """Return the folder of a stack's files.

    As it is written: behind a link, such as the demo's inventory, ``..`` is not the folder that the link leads to.
    """
    return Path(os.path.normpath(Path(folder).absolute() / Path(path).expanduser()))


def _read_files(name: str, given: Mapping[str, Any], path: Path) -> Files:
    lines = Lines([path / file for file in given["files"]])
    try:
        project = resolve(name, path, given["files"], given["environment"], given["profiles"])
        translated = translate(name, project, str(path), given["secrets"], given["environment"])
        file = make(translated.content)
        file.published()
    except ProblemError as error:
        return Files(file=make({"services": {}}), problems=[_placed(error.problem, lines)])
    builds, images, problems = [], dict(translated.images), list(translated.problems)
    for build in translated.builds:
        dockerfile = Path(build.context) / build.dockerfile
        if dockerfile.is_file():
            bases = base_images(dockerfile.read_text(), build.args)
            builds.append({**build.as_dict(), "bases": bases})
            images |= {base: f"{build.key} ({build.dockerfile})" for base in bases if not is_of_registry(base)}
            problems += _private(build, [*translated.secret_files.values(), *build.secrets.values()])
        elif not build.problems:
            problems.append(_missing(build.key, dockerfile, "Write it, or correct context or dockerfile"))
        problems += [
            _missing(f"{build.key}.secrets", Path(file), "Write it, or correct its name in secrets")
            for file in build.secrets.values()
            if not Path(file).is_file()
        ]
    for secret, text in translated.secret_files.items():
        if not text_of(Path(text)):
            fix = f"Write it, or list {secret} in secrets of the stack: a value, or an empty one, which is generated"
            what = "no text in UTF-8 in" if Path(text).is_file() else "no file"
            problems.append(_missing(f"secrets.{secret}", Path(text), fix, what))
    return Files(
        file=file,
        secret_files=dict(translated.secret_files),
        builds=builds,
        images={image: lines.name(key) for image, key in images.items()},
        warnings=[f"{lines.name(key)}: {text}" for key, text in translated.warnings],
        problems=[_placed(problem, lines) for problem in problems],
    )


def _placed(problem: Problem, lines: Lines) -> Problem:
    """Add the line of the key that a problem is about."""
    key = problem.where.removeprefix(IN_FILES)
    return replace(problem, where=IN_FILES + lines.name(key)) if key != problem.where else problem


def _missing(key: str, file: Path, fix: str, what: str = "no file") -> Problem:
    return Problem(
        code=Code.STACK_FILE_INVALID, where=IN_FILES + key, found=f"{what} {file}", expected="that file", fix=fix
    )


def _private(build: BuildRequest, secret_files: Iterable[str]) -> Iterator[Problem]:
    """Refuse an image that would be made of private files, or of the stack's secrets."""
    files = private_files(build.context, build.dockerfile, secret_files)
    if files:
        yield Problem(
            code=Code.CONTEXT_PRIVATE,
            where=IN_FILES + build.key,
            found=f"{first_of(files)} in {build.context}: secrets, or private by name or content",
            expected="only what everybody may read who can pull the image",
            fix="Name them in .dockerignore, or let one that is meant to be there through by its name: !path/to/file",
        )


def _unused(given: Mapping[str, Any], path: Path) -> Iterator[str]:
    """Find the names of the environment that no file has; a misspelt one gives nothing its value."""
    files = [path / file for file in given["files"]]
    text = "\n".join(file.read_text() for file in files if file.is_file())
    if not READS_OTHERS.search(text):
        yield from (name for name in given["environment"] if not re.search(rf"\b{re.escape(name)}\b", text))


@cache
def _defaults() -> dict[str, object]:
    return {name: option.default for name, option in load_entry_options(ROLES).items()}
