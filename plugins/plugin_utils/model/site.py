"""The site as the inventory and the settings describe it; read once, at the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType
from typing import Any

from ..registry.url import RegistryUrl
from .batch_size import SINGLY, BatchSize
from .lenient import number, words
from .problem import Problem, read_problem
from .registry import Account, Registry
from .request import (
    NO_BACKUP,
    NO_COMMAND,
    NO_EVICT,
    NO_LOGS,
    NO_MOVE,
    NO_RESET,
    Backup,
    Command,
    Evict,
    Logs,
    Move,
    Reset,
    read_command,
    read_evict,
    read_logs,
    read_move,
)
from .variables import image_variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image of the site.

    :ivar kind: ``distro``, ``hub`` or ``build``
    :ivar reference: ``registry/repository:tag``
    :ivar ingredients: what its making needs
    """

    name: str
    kind: str
    reference: str
    ingredients: Mapping[str, object] = field(default_factory=dict)

    @property
    def variable(self) -> str:
        """Return the name that stack files call it by."""
        return image_variable(self.name)

    @property
    def repository(self) -> str:
        """Return the reference without its tag."""
        return self.reference.rpartition(":")[0]

    def as_dict(self) -> dict[str, object]:
        """Return it as plays read it."""
        return {"name": self.name, "kind": self.kind, "reference": self.reference, **self.ingredients}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A stack as the inventory describes it.

    :ivar text: its stack file, in which the plan fills in images and secrets
    :ivar environment: values of the variables of its Compose files
    :ivar unused: names of those that no file has
    :ivar images: places in the files by the name of the image there, for those that the site makes available
    :ivar warnings: sentences about what is different in a swarm
    :ivar problems: what is wrong with the files
    :ivar secrets: names
    :ivar values: of those secrets that have one
    :ivar rotate: names of secrets that get another value
    :ivar known_until: a time as the engine tells it; generated secrets that were made until then are known to somebody
        else
    :ivar lost: names of data whose loss the user accepts
    :ivar adopt: whether the user accepts what taking it over changes
    :ivar configs: contents by name
    :ivar release: number of the release to go back to, ``0`` for the previous one
    :ivar spread: whether nodes without its tasks get their share
    :ivar timeout: seconds
    :ivar check_path: path that its page is visited at
    :ivar ready_path: path that tells whether the app is ready, ``""`` where none does
    :ivar port: published one that visitors come to, ``0`` for the first
    :ivar after: names of stacks that are deployed before it
    :ivar dumps: by volume, as its files call it, the command that dumps its data for a backup
    """

    name: str
    text: str
    environment: Mapping[str, object]
    unused: tuple[str, ...] = ()
    images: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    secrets: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    rotate: tuple[str, ...] = ()
    known_until: str = ""
    lost: tuple[str, ...] = ()
    adopt: bool = False
    configs: Mapping[str, bytes] = field(default_factory=dict)
    release: int = 0
    spread: bool = False
    timeout: int = 600
    check_path: str = "/"
    ready_path: str = ""
    port: int = 0
    after: tuple[str, ...] = ()
    dumps: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The whole site.

    :ivar managers: inventory names, as with ``workers`` and ``retire``
    :ivar remove_dead: what the user calls nodes that are gone for good
    :ivar builders: inventory names, the preferred first
    :ivar batch: of rolling changes
    :ivar images: each after those that it is made from
    :ivar pools: of overlay networks, empty for Docker's default
    :ivar stacks: in the order in which they are deployed
    :ivar chosen: names of the stacks that the run is about, none for all
    :ivar repositories: of the registry, which the user named beside the site's own
    :ivar user: who runs flotilla where, for the record of a release
    :ivar process: what the lock calls this run, see ``lock.process``
    :ivar salt: random text for the names of secrets that are to be created
    """

    managers: tuple[str, ...]
    workers: tuple[str, ...]
    retire: tuple[str, ...] = ()
    remove_dead: tuple[str, ...] = ()
    registry: Registry
    builders: tuple[str, ...]
    images: tuple[Image, ...]
    pools: tuple[str, ...] = ()
    subnet_size: int = 24
    batch: BatchSize = SINGLY
    salt: str = ""
    user: str = ""
    process: str = ""
    stacks: tuple[Stack, ...]
    chosen: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    backup: Backup = NO_BACKUP
    reset: Reset = NO_RESET
    logs: Logs = NO_LOGS
    command: Command = NO_COMMAND
    move: Move = NO_MOVE
    evict: Evict = NO_EVICT

    @property
    def members(self) -> tuple[str, ...]:
        """Return managers and workers."""
        return self.managers + self.workers

    def title(self, stack: str) -> str:
        """Return what begins a sentence about one stack, ``""`` where there is no other."""
        return f"{stack}: " if len(self.stacks) > 1 else ""

    def is_chosen(self, stack: str) -> bool:
        """Tell whether the run is about a stack."""
        return not self.chosen or stack in self.chosen

    def titled(self, stack: str, problem: Problem) -> Problem:
        """Return a problem of one stack, with the stack's name where there are others.

        What begins with a dot is a setting of the stack's entry.
        """
        if problem.where.startswith("."):
            return replace(problem, where=f"stacks.{stack}{problem.where}")
        return replace(problem, where=f"{self.title(stack)}{problem.where}".removesuffix(": "))

    def without(self, names: frozenset[str]) -> Site:
        """Return the site without hosts that could not be reached: nothing can be said of them."""
        host = "" if self.registry.host in names else self.registry.host
        return replace(
            self,
            managers=tuple(name for name in self.managers if name not in names),
            workers=tuple(name for name in self.workers if name not in names),
            registry=replace(self.registry, host=host),
        )


def read_site(
    raw: Mapping[str, Any],
    salt: str = "",
    user: str = "",
    process: str = "",
    values: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    configs: Mapping[str, Mapping[str, bytes]] = MappingProxyType({}),
    backup: Backup = NO_BACKUP,
) -> Site:
    """Read the site from ``preflight_site`` (playbooks/group_vars/all.yml).

    :param values: by stack, see ``Stack``; as ``configs``
    """
    given = raw["registry"]
    registry = Registry(
        url=RegistryUrl.parse(str(raw["registry_url"])),
        host=raw["registry_host"],
        push_port=number(given["push_port"]),
        push=Account(name=str(given["accounts"]["push"]), has_password=bool(given["passwords"]["push"])),
        pull=Account(name=str(given["accounts"]["pull"]), has_password=bool(given["passwords"]["pull"])),
        ca=str(given["ca"]),
        insecure=bool(given.get("insecure")),
    )
    return Site(
        **{group: words(raw[group]) for group in ("managers", "workers", "retire", "remove_dead", "builders", "pools")},
        registry=registry,
        images=tuple(read_image(image) for image in raw["images"]),
        subnet_size=number(raw["subnet_size"]),
        batch=BatchSize(str(raw["batch_size"])),
        salt=salt,
        user=user,
        process=process,
        stacks=in_order(tuple(_stack(stack, values, configs) for stack in raw["stacks"])),
        chosen=words(raw["chosen"]),
        repositories=words(raw.get("repositories", ())),
        backup=backup,
        reset=Reset(**{key: bool(value) for key, value in raw.get("reset", {}).items()}),
        logs=read_logs(raw.get("logs", {})),
        command=read_command(raw.get("command", {})),
        move=read_move(raw.get("move", {})),
        evict=read_evict(raw.get("evict", {})),
    )


def _stack(
    raw: Mapping[str, Any], values: Mapping[str, Mapping[str, str]], configs: Mapping[str, Mapping[str, bytes]]
) -> Stack:
    name = str(raw["name"])
    return Stack(
        name=name,
        text=str(raw["text"]),
        environment=dict(raw["environment"]),
        images=dict(raw.get("images", {})),
        problems=tuple(read_problem(problem) for problem in raw.get("problems", ())),
        values=values.get(name, {}),
        configs=configs.get(name, {}),
        release=number(raw["release"]),
        timeout=number(raw["timeout"]),
        spread=bool(raw["spread"]),
        adopt=bool(raw.get("adopt", False)),
        check_path=str(raw["check_path"]),
        ready_path=str(raw["ready_path"] or ""),
        port=number(raw.get("port", 0)),
        dumps={str(name): str(command) for name, command in raw.get("dumps", {}).items()},
        unused=words(raw.get("unused", ())),
        warnings=words(raw.get("warnings", ())),
        secrets=words(raw.get("secrets", ())),
        rotate=words(raw.get("rotate", ())),
        lost=words(raw.get("lost", ())),
        after=words(raw.get("after", ())),
    )


def in_order(stacks: tuple[Stack, ...]) -> tuple[Stack, ...]:
    """Put each stack after those that it names; as they are where they name each other, of which a check tells."""
    by_name = {stack.name: stack for stack in stacks}
    try:
        order = TopologicalSorter({name: stack.after for name, stack in by_name.items()}).static_order()
        names = [name for name in order if name in by_name]
    except CycleError:
        return stacks
    return tuple(by_name[name] for name in names) if len(names) == len(stacks) else stacks


def read_image(raw: Mapping[str, Any]) -> Image:
    """Read an image from what ``Image.as_dict`` gave to plays."""
    known = ("name", "kind", "reference")
    ingredients = {key: value for key, value in raw.items() if key not in known}
    return Image(**{key: str(raw[key]) for key in known}, ingredients=ingredients)
