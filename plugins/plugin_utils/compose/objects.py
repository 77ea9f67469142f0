"""Translate secrets and configs into objects of the swarm, which the plan names by their content."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..model.problem import Code, Problem
from ..model.variables import secret_variable
from ..stacks.file_problems import refused_field
from ..stacks.releases import PREVIOUS
from ..stacks.secrets import DIGITS, LONGEST
from .notes import plain

# What to write in place of a template, by section.
UNTEMPLATED = {
    "secrets": "Leave it out, and give the whole text as the secret's value: Swarm fills in nothing there",
    "configs": "Leave it out, and write the text as content: with ${NAME} for what environment of the stack gives; what"
    " differs by task goes into the service's environment",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """Secrets or configs of a stack file.

    :ivar entries: of the stack file
    :ivar files: by secret, the file on the control node with its value
    """

    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def translate_secrets(section: Mapping[str, Mapping[str, Any]], given: Collection[str]) -> Objects:
    """Translate secrets: a value that the inventory gives stands for what the file says.

    :param given: names of those
    """
    entries, files, problems = {}, {}, []
    for name, entry in section.items():
        base = name.removesuffix(PREVIOUS)
        if name in given:
            entries[name] = _managed(name)
        elif name != base and base in section:
            entries[name] = _managed(base)
        elif entry.get("external"):
            entries[name] = {"external": True, "name": entry.get("name", name)}
        elif "file" in entry:
            entries[name] = _managed(name)
            files[name] = plain(str(entry["file"]))
        else:
            problems.append(_without_value(name))
    problems += _alike([name for name in section if entries.get(name) == _managed(name)])
    return Objects(entries=entries, files=files, problems=tuple(problems))


def _alike(names: Collection[str]) -> Iterator[Problem]:
    """Refuse names that only signs tell apart, as in a-b and a_b."""
    owners: dict[str, str] = {}
    for name in names:
        other = owners.setdefault(secret_variable(name), name)
        if other != name:
            yield refused_field(f"secrets.{name}", f"a name that is like {other}", "Rename one of both")


def too_long(section: str, names: Iterable[str], longest: int) -> Iterator[Problem]:
    """Refuse names of secrets or configs that Swarm takes no object of, as it has the stack's name and digits as well.

    :param section: that they are in
    :param names: of those that flotilla makes
    :param longest: characters that one may have
    """
    for name in dict.fromkeys(names):
        if len(name) > longest:
            found = f"a name of {len(name)} characters, to which the stack's and {DIGITS} digits are added"
            fix = f"Use a name of at most {longest} characters, or a shorter one for the stack: Swarm takes {LONGEST}"
            yield refused_field(f"{section}.{name}", found, fix)


def templated(section: str, entries: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """Refuse what is a template that Swarm fills in: the objects that flotilla makes are taken as they are.

    :param entries: of that section, by name
    """
    for name, entry in entries.items():
        if entry.get("template_driver"):
            yield refused_field(
                f"{section}.{name}.template_driver", str(entry["template_driver"]), UNTEMPLATED[section]
            )


def _managed(name: str) -> dict[str, Any]:
    return {"external": True, "name": f"${{{secret_variable(name)}}}"}


def text_of(file: Path) -> str:
    """Return the text of a secret's file as it is, ``""`` where it has none in UTF-8."""
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return ""


def translate_configs(section: Mapping[str, Mapping[str, Any]], environment: Mapping[str, object]) -> Objects:
    """Translate configs: each stays what its content is, or a file on the control node.

    :param environment: values that a config may name
    """
    entries, problems = {}, []
    for name, entry in section.items():
        variable = str(entry.get("environment", ""))
        if "file" in entry:
            entries[name] = {**entry, "file": plain(str(entry["file"]))}
        elif entry.get("external") or "content" in entry:
            entries[name] = dict(entry)
        elif variable in environment:
            entries[name] = {"content": str(environment[variable]).replace("$", "$$")}
        else:
            fix = f"Set {variable} in the environment of the stack"
            problems.append(refused_field(f"configs.{name}.environment", f"{variable}, which has no value", fix))
    return Objects(entries=entries, problems=tuple(problems))


def _without_value(name: str) -> Problem:
    return Problem(
        code=Code.SECRET_WITHOUT_VALUE,
        where=f".files: secrets.{name}",
        found="a secret that is neither a file nor external, and has no value in the inventory",
        expected="a value of its own",
        fix=f"List {name} in secrets of the stack, with a value or with an empty one, which is generated",
    )
