"""What roles want on a host, as types; read from what playbooks ask ``flotilla.swarm.observe``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .decode import decode, wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that must be there; a text of ``None`` accepts any content."""

    text: str | None = None
    mode: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What one role wants.

    :ivar settings: the files that the services read when they start
    :ivar reloadable: keys of these, which are JSON then, that a running service takes up when they are set
    :ivar flags_kept_by_reload: flags of the services that stay in force at a reload
    :ivar modules: kernel modules
    :ivar ports: such as ``2377/tcp``, which nobody else may hold
    """

    packages: tuple[str, ...] = ()
    files: Mapping[str, File] = field(default_factory=dict)
    services: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    reloadable: tuple[str, ...] = ()
    flags_kept_by_reload: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where an engine comes from: its packages, the engine's own first, and the one that builds images."""

    packages: tuple[str, ...]
    builder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The settings about the engine.

    :ivar pattern: the version as apt matches it
    :ivar packages: of all sources
    :ivar files: what apt must have of the vendor's source, and the file that pins a version
    """

    source: str
    version: str
    pattern: str
    url: str
    suite: str
    key: str
    checksum: str
    sources: Mapping[str, Source]
    packages: tuple[str, ...]
    files: Mapping[str, File]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What the inventory says of a member of the swarm."""

    advertise_addr: str = ""
    ansible_host: str = ""
    availability: str = "active"
    node_labels: Mapping[str, object] | None = None

    @property
    def labels(self) -> Mapping[str, object]:
        """Return its labels."""
        return self.node_labels or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall:
    """The settings about who reaches the ports of swarm and registry, and those that stacks publish.

    :ivar trusted: addresses and networks beside those of members
    :ivar visitors: addresses and networks that reach what stacks publish; none means everybody
    """

    enabled: bool
    trusted: tuple[str, ...] = ()
    visitors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What a host is to be.

    :ivar roles: by name; a role that wants nothing here may be missing
    :ivar engine: ``None`` for a host without an engine of ours
    :ivar firewall: ``None`` where nothing was asked about it
    """

    roles: Mapping[str, Role]
    engine: Engine | None
    member: Member
    firewall: Firewall | None = None

    def role(self, name: str) -> Role:
        """Return what a role wants, perhaps nothing."""
        return self.roles.get(name, NOTHING)


NOTHING = Role()


def read_desired(host: str, raw: object) -> Desired:
    """Read what playbooks asked a host for.

    :raise DecodeError: it has another shape; names host and field
    """
    if not isinstance(raw, Mapping):
        raise wrong(raw, "a mapping", host)
    engine, firewall = raw.get("docker_engine"), raw.get("firewall")
    return Desired(
        roles={
            name: decode(Role, role, f"{host}.{name}") for name, role in raw.items() if role and name != "docker_engine"
        },
        engine=decode(Engine, engine, f"{host}.docker_engine") if engine else None,
        member=decode(Member, raw.get("swarm", {}), f"{host}.swarm"),
        firewall=decode(Firewall, firewall, f"{host}.firewall") if firewall else None,
    )
