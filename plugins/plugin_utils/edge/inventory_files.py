"""Read the inventory's files as they are written: where a variable is set, and what Ansible takes without effect.

It warns of a second key in a mapping, and takes it; it passes over a file of a group that is not there. What is no YAML
is left to Ansible, which refuses it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from ansible.errors import AnsibleError

from ..checks.control import ansible_is_recent
from ..model.problem import Code, Problem
from ..model.yaml import LOADER

try:
    from ansible._internal._datatag._tags import Origin  # Ansible offers a value's origin to nobody else
except ImportError as error:
    # Before 2.19 it has none. Nothing of flotilla loads there, so no plan could say so.
    (problem,) = ansible_is_recent()
    raise AnsibleError(f"Found {problem.found}, expected {problem.expected}. {problem.fix}") from error

SUFFIXES = ("", ".yml", ".yaml", ".json")
FOLDERS = ("group_vars", "host_vars")


@dataclass(frozen=True, slots=True)
class InventoryFiles:
    """What the files say beside the values.

    :ivar places: by key, each ``file:line`` where it stands
    :ivar problems: keys that stand twice in one mapping
    :ivar group_files: by name of a group, the files of its variables
    :ivar links: by the real path of each folder of an inventory, the path that the operator gave
    """

    places: dict[str, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    group_files: dict[str, list[str]] = field(default_factory=dict)
    links: dict[Path, Path] = field(default_factory=dict)

    def without_group(self, groups: Collection[str], roles: Collection[str]) -> Iterator[Problem]:
        """Find files that are named after a role instead of a group: nobody reads them.

        A file of any other name may be for the group of another inventory beside this one.
        """
        for role in sorted({*roles} - {*groups}):
            for file in self.group_files.get(role, ()):
                yield Problem(
                    code=Code.SETTING_UNUSED,
                    where=f"group_vars ({file})",
                    found=f"settings for a group {role}, which the inventory does not have",
                    expected="the name of a group, or a file in group_vars/all/",
                    fix="Move it into the folder group_vars/all/",
                )

    def place(self, name: str, value: object) -> str:
        """Tell where a variable was set: as Ansible marked its value, else where it can only have been.

        :param value: as it was written, before templating; Ansible marks neither null nor true and false
        :return: ``file:line``, what Ansible says of another origin, or ``""``
        """
        origin = Origin.get_tag(value)
        if origin and origin.path:
            file = self._shown_as_given(Path(origin.path))
            return f"{file}:{origin.line_num}" if origin.line_num else file
        if origin and origin.description:
            return str(origin.description).strip("<>")
        places = self.places.get(name, [])
        return places[0] if len(places) == 1 else ""

    def _shown_as_given(self, path: Path) -> str:
        """Name a file by the inventory's path as it was given; of a link, Ansible tells where it leads."""
        for real, given in self.links.items():
            if path.is_relative_to(real):
                return _shown(given / path.relative_to(real))
        return _shown(path)


def read_files(sources: Collection[str]) -> InventoryFiles:
    """Read the files of an inventory.

    :param sources: files and folders, as ``ansible_inventory_sources`` has them
    """
    read = InventoryFiles()
    folders = [path if path.is_dir() else path.parent for path in map(Path, sources)]
    read.links.update({folder.resolve(): folder for folder in folders})
    for path in dict.fromkeys(path for source in sources for path in _files(Path(source))):
        if path.parent.name == "group_vars":
            read.group_files.setdefault(path.stem, []).append(_shown(path))
        try:
            root = yaml.compose(path.read_text(), LOADER)
        except (OSError, ValueError, yaml.YAMLError):
            continue
        for mapping in _mappings(root):
            _read_mapping(read, _shown(path), mapping)
    return read


def faults(sources: Collection[str]) -> Iterator[str]:
    """Name the files that are no YAML, with line and reason: Ansible tells the reason alone.

    :param sources: see ``read_files``
    """
    for path in dict.fromkeys(path for source in sources for path in _files(Path(source))):
        try:
            yaml.compose(path.read_text(), LOADER)
        except yaml.MarkedYAMLError as error:
            line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
            yield f"{_shown(path)}{line}: {error.problem}"
        except (OSError, ValueError, yaml.YAMLError):
            continue


def _files(source: Path) -> Iterator[Path]:
    """List what may be YAML: inventories, and the files of the folders that belong to them."""
    folder = source if source.is_dir() else source.parent
    found = [*folder.iterdir()] if source.is_dir() else [source]
    yield from (path for path in sorted(found) if path.is_file() and path.suffix in SUFFIXES[1:])
    for name in FOLDERS:
        inside = sorted((folder / name).rglob("*"))
        yield from (path for path in inside if path.is_file() and path.suffix in SUFFIXES and path.name[0] != ".")


def _mappings(root: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    """Walk through all mappings; an anchor's node is read where it was written only."""
    nodes, known = [root], set()
    while nodes:
        node = nodes.pop()
        if not isinstance(node, yaml.CollectionNode) or id(node) in known:
            continue
        known.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield node
            nodes += [value for _key, value in node.value]
        else:
            nodes += node.value


def _read_mapping(read: InventoryFiles, file: str, mapping: yaml.MappingNode) -> None:
    lines: dict[str, int] = {}
    for key, _value in mapping.value:
        line = key.start_mark.line + 1
        if key.value in lines and key.value != "<<":
            read.problems.append(_duplicate(file, line, str(key.value), lines[key.value]))
        lines[str(key.value)] = line
        read.places.setdefault(str(key.value), []).append(f"{file}:{line}")


def _duplicate(file: str, line: int, key: str, first: int) -> Problem:
    return Problem(
        code=Code.SETTING_DUPLICATE,
        where=f"{key} ({file}:{line})",
        found=f"the same key as in line {first}, whose value it replaces",
        expected="each key of a mapping once",
        fix="Remove one of the two, or put their entries together",
    )


def _shown(path: Path) -> str:
    """Name a file as briefly as the operator's folder allows."""
    folder = Path.cwd()
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
