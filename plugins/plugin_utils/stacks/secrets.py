"""Name the swarm's objects for secrets and configs.

Swarm cannot change an object, so a new content needs a new name: the stack's name, the secret's or config's, and 12
digits. Those of a config are its content's digest. Those of a secret must tell nothing about it, not even to those who
try all short passwords: they are a slow digest with a salt, which is kept in a label of the object. A generated value
needs no digest; its digits are random.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...module_utils.observation.stack import SecretObject
from ..model.problem import Code, Problem, ProblemError
from ..model.site import Stack
from ..model.variables import secret_variable
from .file import StackFile

DIGITS = 12
# Characters of an object's name that Swarm takes at most (swarmkit, manager/controlapi/common.go).
LONGEST = 64


def longest_name(stack: str) -> int:
    """Return how many characters a secret or config of a stack may have, beside the stack's name and the digits.

    :param stack: its name
    """
    return LONGEST - len(f"{stack}__") - DIGITS


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSecret:
    """A secret's object that is to be created; an empty salt goes with a generated value."""

    name: str
    object: str
    salt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConfig:
    """A config's object that is to be created; ``data`` is its content in base 64."""

    name: str
    object: str
    data: str


def name_secrets(
    stack: Stack, existing: Mapping[str, SecretObject], applied: Collection[str], salt: str, mounted: Collection[str]
) -> tuple[dict[str, str], tuple[NewSecret, ...]]:
    """Find or name the swarm's object for each secret of the stack.

    A given value has an object of its own. An empty value stands for what the stack has now, whoever gave it once, and
    is generated when there is nothing or when ``rotate`` asks for it. A rotation that was begun, so that services mount
    a generated object that is newer than the last release's, is finished: the old value may have leaked.

    :param existing: by object
    :param applied: names of the objects of the newest release
    :param salt: random text for the objects that are to be created
    :param mounted: names of the objects that the stack's services mount
    :return: object by secret, and those that are to be created
    :raise ProblemError: a secret cannot be rotated
    """
    for name in stack.rotate:
        _check_rotation(name, stack)
    chosen, missing = {}, []
    for name in stack.secrets:
        own = {key: entry for key, entry in existing.items() if entry.name == name}
        value = stack.values.get(name)
        if value:
            chosen[name] = _with_value(own, value)
        else:
            present = _present(own, applied) or _taken_over(stack, name, {*applied, *mounted})
            unknown = {key for key in mounted if key in own and own[key].created > stack.known_until}
            chosen[name] = _begun(own, present, unknown) or present * (name not in stack.rotate)
        if not chosen[name]:
            digits = _slow_digest(value, salt) if value else hashlib.sha256(f"{name} {salt}".encode()).hexdigest()
            chosen[name] = f"{stack.name}_{name}_{digits[:DIGITS]}"
            missing.append(NewSecret(name=name, object=chosen[name], salt=salt if value else ""))
    return chosen, tuple(missing)


def _check_rotation(name: str, stack: Stack) -> None:
    if name not in stack.secrets:
        raise ProblemError(
            Problem(
                code=Code.SETTING_INVALID,
                where="stack_rotate",
                found=name,
                expected=f"one of its secrets: {', '.join(stack.secrets) or 'none'}",
                fix="Correct the name",
            )
        )
    if stack.values.get(name):
        raise ProblemError(
            Problem(
                code=Code.SECRET_HAS_VALUE,
                where="stack_rotate",
                found=f"{name}, which has a value in the inventory",
                expected="a secret that flotilla generates",
                fix="Change its value in the inventory instead",
            )
        )


def generated_secrets(stack: Stack, file: StackFile) -> set[str]:
    """List the stack file's secrets for which the inventory gives no value: the last release tells their object.

    :param file: the inventory's, not rendered
    """
    variables = {f"${{{secret_variable(name)}}}" for name in stack.secrets if not stack.values.get(name)}
    return {key for key, entry in file.section("secrets").items() if entry.get("name") in variables}


def generated_of_release(stack: Stack, file: StackFile, existing: Mapping[str, SecretObject]) -> set[str]:
    """List the same secrets of a release.

    :param file: the release's
    :param existing: by object
    """
    names = {name for name in stack.secrets if not stack.values.get(name)}
    objects = {key for key, entry in existing.items() if entry.name in names}
    return {key for key, entry in file.section("secrets").items() if entry.get("name") in objects}


def _with_value(own: Mapping[str, SecretObject], value: str) -> str:
    for key, entry in own.items():
        if entry.salt and is_of(key, value, entry.salt):
            return key
    return ""


def is_of(key: str, value: str, salt: str) -> bool:
    """Tell whether an object's name was made of a value and a salt."""
    return key.endswith(f"_{_slow_digest(value, salt)[:DIGITS]}")


def _present(own: Mapping[str, SecretObject], applied: Collection[str]) -> str:
    """Choose what the newest release uses, else what was created last."""
    return max(own, key=lambda key: (key in applied, own[key].created), default="")


def _taken_over(stack: Stack, name: str, used: Collection[str]) -> str:
    """Find the object that ``docker stack deploy`` itself has made of a secret, in a stack that was taken over.

    :param used: names of the objects that the newest release has, and that services mount
    """
    key = f"{stack.name}_{name}"
    return key if key in used else ""


def _begun(own: Mapping[str, SecretObject], present: str, mounted: Collection[str]) -> str:
    """Find what a rotation that did not end has brought, ``""`` where there is none."""
    newer = [key for key, entry in own.items() if entry.created > own[present].created] if present in own else []
    begun = [key for key in newer if key in mounted and not own[key].salt]
    return max(begun, key=lambda key: own[key].created, default="")


def _slow_digest(value: str, salt: str) -> str:
    """Digest a secret so that each guess costs 32 MiB and about a tenth of a second."""
    return hashlib.scrypt(value.encode(), salt=salt.encode(), n=2**15, r=8, p=1, maxmem=2**26).hex()


def read_configs(file: StackFile) -> dict[str, bytes]:
    """Read the contents of a stack file's configs: of files on the control node, or as they stand there.

    :raise OSError: a file cannot be read
    """
    contents = {}
    for name, entry in file.section("configs").items():
        if "file" in entry:
            contents[name] = Path(entry["file"]).read_bytes()
        elif "content" in entry:
            # A dollar sign is doubled in all of a Compose file's values.
            contents[name] = str(entry["content"]).replace("$$", "$").encode()
    return contents


def name_configs(
    stack: Stack, existing: Collection[str], others: Mapping[str, str], used: Collection[str]
) -> tuple[dict[str, str], tuple[NewConfig, ...]]:
    """Name the swarm's object for each config that is a file.

    One of the same content that ``docker stack deploy`` itself has made stays for as long as it is used, in a stack
    that was taken over.

    :param existing: names of the stack's configs that the swarm has
    :param others: digest of the content by name, of configs that flotilla has not made
    :param used: names of the objects that the newest release has, and that services mount
    :return: object by config, and those that are to be created
    """
    chosen = {}
    for name, content in stack.configs.items():
        digest, own = hashlib.sha256(content).hexdigest(), f"{stack.name}_{name}"
        stays = own in used and others.get(own) == digest
        chosen[name] = own if stays else f"{own}_{digest[:DIGITS]}"
    return chosen, tuple(
        NewConfig(name=name, object=key, data=base64.b64encode(stack.configs[name]).decode())
        for name, key in chosen.items()
        if key not in {*existing, *others}
    )
