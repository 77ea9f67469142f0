"""The arguments of the phases around the work: the lock and the reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ....module_utils.observation.host import Lock


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeLock:
    """Keep other runs out, on a manager.

    :ivar found: the lock as this host has it
    """

    found: Lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Tell what runs where.

    :ivar observe: whether this run changed anything since it observed the site
    :ivar names: inventory name by address
    :ivar ports: by stack that has a page, where that answers
    """

    observe: bool
    names: Mapping[str, str]
    ports: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What a run of ``site.yml`` would do now."""

    hosts: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportStatus:
    """Tell the state of the site.

    :ivar hosts: inventory names of those that are a part of it
    :ivar names: inventory name by address
    :ivar ports: by stack that has a page, where hosts were asked for it
    :ivar problems: sentences, of what can be told without the swarm
    :ivar pending: empty also where a problem forbids a run
    """

    hosts: tuple[str, ...]
    names: Mapping[str, str]
    ports: Mapping[str, int]
    problems: tuple[str, ...]
    pending: tuple[Pending, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReset:
    """Tell what a reset has removed and what it has kept.

    :ivar hosts: inventory names
    :ivar stacks: names
    :ivar registry_host: inventory name of the host that serves the registry, ``""`` for an external one
    :ivar registry_url: its address
    :ivar data: whether the stacks' volumes were to go
    :ivar images: whether images that no container uses were
    """

    hosts: tuple[str, ...]
    stacks: tuple[str, ...]
    registry_host: str
    registry_url: str
    data: bool
    images: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """End red.

    :ivar message: what is left undone because the host could not be reached
    """

    message: str
