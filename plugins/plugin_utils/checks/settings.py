"""Check the variables that a user set: their names, types and ranges."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..model.decode import decode
from ..model.problem import Code, Problem, merge


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
OPEN_VAULT = "Give this run the vault's password (--ask-vault-pass, --vault-password-file)"


def load_options(roles: Path) -> Options:
    """Read the settings of all roles; what their other entry points take is the plan's.

    :param roles: folder of the roles
    :return: options by variable name, over all roles
    """
    specs: dict[str, Mapping[str, object]] = {}
    for path in sorted(roles.glob("*/meta/argument_specs.yml")):
        specs |= yaml.safe_load(path.read_text())["argument_specs"]["main"].get("options", {})
    return {name: decode(Option, {**spec, "spec": spec}, name) for name, spec in specs.items()}


def own_names(names: Iterable[str], options: Options) -> set[str]:
    """Select the variables that carry a prefix of ours."""
    prefixes = tuple({f"{name.split('_')[0]}_" for name in options})
    return {name for name in names if name.startswith(prefixes)}


def check_variables(hosts: Mapping[str, Mapping[str, object]], options: Options) -> tuple[Problem, ...]:
    """Check names and types of the variables that a user set.

    :param hosts: by inventory name, the host's variables with a prefix of ours
    """
    return merge(problem for host, own in hosts.items() for problem in _of_host(host, own, options))


def _of_host(host: str, own: Mapping[str, object], options: Options) -> Iterator[Problem]:
    for name, value in own.items():
        if name not in options:
            yield _unknown(host, name, options)
        elif not _is_valid(name, value, options[name]):
            yield _invalid(host, name, value, options[name])


def _is_valid(name: str, value: object, option: Option) -> bool:
    """Let Ansible judge as it does for a role's arguments; and numbers begin at 1, or at a default that is less."""
    result = ArgumentSpecValidator({name: option.spec}).validate({name: value})
    number = result.validated_parameters[name] if option.type == "int" else None
    return not result.error_messages and (not isinstance(number, int) or number >= option.least)


def _unknown(host: str, name: str, options: Options) -> Problem:
    near = difflib.get_close_matches(name, options, 1, cutoff=0.75)
    return Problem(
        code=Code.SETTING_UNKNOWN,
        where=name,
        hosts=(host,),
        found="a variable that flotilla does not have",
        expected="one of those in docs/variables.md",
        fix=f"Did you mean {near[0]}? Rename it" if near else "Remove it, or rename it",
    )


def _invalid(host: str, name: str, value: object, option: Option) -> Problem:
    return Problem(
        code=Code.SETTING_INVALID,
        where=name,
        hosts=(host,),
        found=f"{value!r}" if isinstance(value, str) and not option.no_log else _kind_of(value),
        expected=_expected(option),
        fix=f"Set {name} accordingly; docs/variables.md describes it",
    )


def _expected(option: Option) -> str:
    if option.choices:
        return f"one of {', '.join(map(str, option.choices))}"
    if option.elements:
        return f"a list of {option.elements}"
    number = f"a whole number, at least {option.least}"
    kinds = {"int": number, "list": "a list", "dict": "a mapping", "bool": "true or false"}
    return kinds.get(option.type, "a text")


def _kind_of(value: object) -> str:
    """Show a value that is short, and the kind of one that may be long or secret."""
    for kind, words in ((Mapping, "a mapping"), (list, "a list"), (str, "a text")):
        if isinstance(value, kind):
            return words
    return "nothing" if value is None else str(value)


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
