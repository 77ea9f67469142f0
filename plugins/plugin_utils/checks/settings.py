"""Check the variables that a user set: their names, types and ranges."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..model.decode import decode
from ..model.problem import Code, Problem, merge
from ..model.yaml import read_yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What the argument spec of a role says of a variable.

    :ivar elements: type of a list's elements
    :ivar spec: all of it, as Ansible's own check takes it
    """

    type: str = "str"
    elements: str = ""
    choices: tuple[object, ...] = ()
    default: object = None
    no_log: bool = False
    spec: Mapping[str, object]

    @property
    def least(self) -> int:
        """Return the least number: 1, or a default that is less."""
        return 0 if self.default == 0 else 1


Options = Mapping[str, Option]
Values = Mapping[str, Mapping[str, object]]
# By inventory name and variable, the file and line that set it.
Places = Mapping[str, Mapping[str, str]]
# What is read of a variable of each type. Roles do not convert a text to a list or a mapping.
KINDS: Mapping[str, tuple[type, ...]] = {
    "str": (str, int),
    "int": (str, int),
    "bool": (str, int),
    "list": (list,),
    "list_by_comma": (list, str),
    "dict": (Mapping,),
}
# Lists that are given on the command line, where a list is written with commas.
BY_COMMA = {"swarm_remove_dead", "stack", "stack_rotate", "stack_data_lost", "stack_adopt"}
# The setting whose entries have settings of their own.
STACKS = "stacks"
# How much of a name with our prefix must be that of a known one to be guessed (difflib's ratio); and of any other name,
# to be told at all: two letters in the wrong order of a name of twelve.
GUESSED = 0.75
MISSPELT = 0.91
# What is found, what is expected, and what to do where a secret begins or ends with white space.
WITH_SPACE = (
    "a text with white space at its beginning or end",
    "one without: not all that read it take it for a part of it",
    'Remove it; a text behind "|" ends with a line end unless that is "|-"',
)
OPEN_VAULT = "Give this run the vault's password (--ask-vault-pass, --vault-password-file)"


def load_options(roles: Path) -> Options:
    """Read the settings of all roles; what their other entry points take is the plan's.

    :param roles: folder of the roles
    :return: options by variable name, over all roles
    """
    specs: dict[str, Mapping[str, object]] = {}
    for path in sorted(roles.glob("*/meta/argument_specs.yml")):
        specs |= read_yaml(path.read_text())["argument_specs"]["main"].get("options", {})
    return {name: decode(Option, {**spec, "spec": spec}, name) for name, spec in specs.items()}


def load_entry_options(roles: Path) -> Options:
    """Read the settings that an entry of ``stacks`` can have.

    :param roles: folder of the roles
    """
    spec = read_yaml((roles / "stack" / "meta" / "stacks.yml").read_text())["options"]
    return {name: decode(Option, {**option, "spec": option}, name) for name, option in spec.items()}


def own_names(names: Iterable[str], options: Options) -> set[str]:
    """Select the variables that carry a prefix of ours, or that can only be one of ours misspelt."""
    prefixes = tuple({f"{name.split('_')[0]}_" for name in options})
    known = tuple(options)
    return {name for name in names if name.startswith(prefixes) or _near(name, known, MISSPELT)}


# Hosts mostly have the same variables.
@cache
def _near(name: str, options: tuple[str, ...], cutoff: float) -> str:
    return next(iter(difflib.get_close_matches(name, options, 1, cutoff=cutoff)), "")


def check_variables(
    hosts: Values, options: Options, places: Places = MappingProxyType({}), entry: Options = MappingProxyType({})
) -> tuple[Problem, ...]:
    """Check names and types of the variables that a user set.

    :param hosts: by inventory name, the host's variables with a prefix of ours
    :param entry: settings of an entry of ``stacks``
    """
    found = []
    for host, own in hosts.items():
        for name, value in own.items():
            where = place(name, host, places)
            problem = _check(host, name, value, where, options)
            if problem:
                found.append(problem)
            elif name == STACKS and isinstance(value, Mapping):
                found += _check_stacks(host, value, where, entry)
            elif empty := _empty_entry(value):
                found.append(_is_empty(host, f"{where}: {empty}", empty))
    return merge(found)


def _check(host: str, name: str, value: object, where: str, options: Options) -> Problem | None:
    if name not in options:
        return _unknown(host, name, where, options)
    option = options[name]
    if not _is_valid(name, value, option):
        return _invalid(host, where, _found(value, option), _expected(option), _fix(name, value, option))
    if option.no_log and isinstance(value, str) and value != value.strip():
        return _invalid(host, where, *WITH_SPACE)
    return None


def _check_stacks(host: str, stacks: Mapping[str, object], where: str, options: Options) -> Iterator[Problem]:
    """Check the entries of ``stacks``, each setting as if it were a variable."""
    for stack, entry in stacks.items():
        here = f"{where}: {stack}"
        if not isinstance(entry, Mapping):
            fix = f"Set stacks.{stack} accordingly; docs/variables.md describes it"
            yield _invalid(host, here, _found(entry, options["environment"]), "a mapping", fix)
            continue
        for name in (name for name, option in options.items() if option.spec.get("required") and name not in entry):
            yield _invalid(host, f"{here}.{name}", "nothing", "a value", f"Add {name} to stacks.{stack}")
        for name, value in entry.items():
            problem = _check(host, name, value, f"{here}.{name}", options)
            if problem:
                yield problem
            elif empty := _empty_entry(value):
                yield _is_empty(host, f"{here}.{name}: {empty}", empty)


def _is_empty(host: str, where: str, entry: str) -> Problem:
    fix = f'Give {entry} a value ("" for an empty one), or remove the line'
    return _invalid(host, where, "nothing, which YAML reads as null", "a value", fix)


def place(name: str, host: str, places: Places) -> str:
    """Name a variable and, where it is known, the file that set it."""
    file = places.get(host, {}).get(name)
    return f"{name} ({file})" if file else name


def _is_valid(name: str, value: object, option: Option) -> bool:
    """Let Ansible judge as it does for a role's arguments; and numbers begin at 1, or at a default that is less."""
    if not _has_kind(value, "list_by_comma" if name in BY_COMMA else option.type):
        return False
    if option.elements and not isinstance(value, str):
        elements = value if isinstance(value, list) else ()
        if not all(_has_kind(element, option.elements) for element in elements):
            return False
    result = ArgumentSpecValidator({name: option.spec}).validate({name: value})
    number = result.validated_parameters[name] if option.type == "int" else None
    return not result.error_messages and (not isinstance(number, int) or number >= option.least)


def _has_kind(value: object, kind: str) -> bool:
    """Tell whether a value can be meant so, where Ansible would rather convert it.

    It makes a text of any list and of null, and of 3.10 the text 3.1; and roles read what was written.
    """
    if isinstance(value, bool):
        return kind == "bool"
    return isinstance(value, KINDS[kind])


def _unknown(host: str, name: str, where: str, options: Options) -> Problem:
    near = _near(name, tuple(options), GUESSED)
    return Problem(
        code=Code.SETTING_UNKNOWN,
        where=where,
        hosts=(host,),
        found="a setting that flotilla does not have",
        expected="one of those in docs/variables.md",
        fix=f"Did you mean {near}? Rename it" if near else "Remove it, or rename it",
    )


def _invalid(host: str, where: str, found: str, expected: str, fix: str) -> Problem:
    return Problem(code=Code.SETTING_INVALID, where=where, hosts=(host,), found=found, expected=expected, fix=fix)


def _empty_entry(value: object) -> str:
    """Find the first entry of a mapping without a value, as ``"log-opts.max-size"``; ``""`` where all have one."""
    for key, inner in value.items() if isinstance(value, Mapping) else ():
        if inner is None:
            return str(key)
        if deeper := _empty_entry(inner):
            return f"{key}.{deeper}"
    return ""


def _found(value: object, option: Option) -> str:
    """Show a value that is short, and the kind of one that may be long or secret."""
    for kind, words in ((Mapping, "a mapping"), (list, "a list"), (type(None), "nothing")):
        if isinstance(value, kind):
            return words
    if option.no_log:
        return "a text" if isinstance(value, str) else "a number"
    return repr(value) if isinstance(value, str) else str(value).lower()


def _fix(name: str, value: object, option: Option) -> str:
    if value is None:
        return f"Give {name} a value, or remove the line to have the default"
    if option.type == "str" and isinstance(value, bool | float):
        return "Put the value in quotes"
    return f"Set {name} accordingly; docs/variables.md describes it"


def _expected(option: Option) -> str:
    if option.choices:
        return f"one of {', '.join(map(str, option.choices))}"
    if option.elements:
        return f"a list of {option.elements}"
    number = f"a whole number, at least {option.least}"
    kinds = {"int": number, "list": "a list", "dict": "a mapping", "bool": "true or false"}
    return kinds.get(option.type, "a text")


def unreadable(what: str, reason: object, hosts: tuple[str, ...] = ()) -> Problem:
    """Say that a setting, or all of them, cannot be read: a vault may be locked, an expression may name nothing."""
    text = " ".join(str(reason).split()).rstrip(".")
    return Problem(
        code=Code.SETTING_UNREADABLE,
        where=what,
        hosts=hosts,
        found=text,
        expected="a value that can be read",
        fix=OPEN_VAULT if "vault secrets" in text else "Correct it in the inventory",
    )
