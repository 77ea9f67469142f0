"""What ``flotilla.swarm.observe`` answers about a host, as a type: the module builds it, the control node reads it.

Hosts build these types with their own Python, so that they keep to 3.9 and the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

from .host import File, LocalImage, Lock, System, Unit
from .network import Firewall, Mesh, OwnRules, Refusal, Resolution
from .registry import Storage
from .rehearsal import Rehearsal
from .stack import Publisher, Stack
from .swarm import Engine, Eviction, Node, Place
from .upgrades import Upgrades

NO_UPGRADES, NO_RULES = Upgrades(), OwnRules()


@dataclass(frozen=True)
class Observed:
    """A host that answered.

    :ivar packages: version by name, ``None`` where it is not completely installed
    :ivar held: packages whose version apt must not change
    :ivar unattended: packages of the engine that the host would upgrade by itself, whether they are installed or not
    :ivar interrupted: packages that dpkg has begun and not finished; ``dpkg`` stands for its journal
    :ivar unfinished: those of ``packages`` that are among them
    :ivar daemon_config: what the host's dockerd says against the ``daemon.json`` that it is to get, ``""`` for nothing
    :ivar files: by path, ``None`` where there is none
    :ivar services: by name
    :ivar modules: by kernel module, ``loaded``, ``available`` or ``missing``
    :ivar ports: holders of those ports of ours that are taken, ``""`` for the kernel
    :ivar networks: by network, the gateway on the way there, ``""`` where the host is attached to it
    :ivar firewall: ``None`` where none is active
    :ivar own_rules: of flotilla's own firewall
    :ivar redirected: whether its visitors are led to another host; see module ``redirect``
    :ivar mesh: of a member of a swarm
    :ivar reach: by peer, ``open``, ``closed`` or what went wrong
    :ivar engine: ``None`` where none answers
    :ivar volumes: by stack, then by name of each of its volumes, whether there is anything in it
    :ivar filled_volumes: names of all volumes with anything in them, whoever made them
    :ivar untouched_volumes: by name of those in which nothing ever was, since when they are there, in seconds since
        1970
    :ivar volume_mib: size of each of the stacks' volumes, in MiB; empty where it was not asked for
    :ivar credentials: whether a login to the registry is stored
    :ivar login: empty where the registry accepted the stored login, else the reason
    :ivar login_fingerprint: of the login that services should get; of managers only
    :ivar accounts: by purpose, empty where the registry accepted the account, else its answer
    :ivar server_account: the same for the account of the registry that this host serves
    :ivar registry_resolution: of a registry that a host of the inventory serves; ``None`` for another, and for a proxy
    :ivar images: digest by reference, of a builder
    :ivar pages: by stack that has a page, empty where it answered, else the reason
    :ivar nodes: the swarm's nodes; ``None`` where the host is no manager that can list them
    :ivar stacks: by name, those that were asked for; ``None`` as with ``nodes``
    :ivar published: by what all services of the swarm publish, asked for or not, such as ``4000/tcp``, the service; of
        managers only
    :ivar eviction: one that was begun and has not ended; of managers only
    :ivar kept_stacks: names of all stacks that flotilla deployed, wholly or not, asked for or not; of managers only
    :ivar logs: last log lines of the task that was asked for
    :ivar rehearsals: by stack, what a deploy would make of it; ``None`` where nothing was asked
    :ivar upgrades: what was asked for; empty where nothing was
    :ivar image_names: all images that the swarm's services and flotilla's records of releases name, also those of
        stacks that were not asked for; of managers only
    :ivar registry_storage: of the host that serves the registry; ``None`` where it was not asked for
    :ivar registry_certificate: from when and until when it is valid, in seconds since 1970; empty where it was not
        asked for, or cannot be told
    :ivar refusals: of a builder: what would not be pushed or pulled to make the images that the registry lacks, as far
        as it tells
    :ivar refused_images: of a manager: why its engine cannot pull images that were asked for
    """

    system: System
    packages: Mapping[str, str | None]
    held: tuple[str, ...]
    unattended: tuple[str, ...]
    interrupted: tuple[str, ...]
    unfinished: tuple[str, ...]
    daemon_config: str
    files: Mapping[str, File | None]
    services: Mapping[str, Unit]
    modules: Mapping[str, str]
    ports: Mapping[str, str]
    networks: Mapping[str, str]
    firewall: Firewall | None
    redirected: bool
    mesh: Mesh | None
    reach: Mapping[str, str]
    engine: Engine | None
    swarm: Place
    volumes: Mapping[str, Mapping[str, bool]]
    lock: Lock
    credentials: bool
    login: str
    login_fingerprint: str
    accounts: Mapping[str, str]
    server_account: str
    registry_resolution: Resolution | None
    images: Mapping[str, str | None]
    local_images: tuple[LocalImage, ...]
    pages: Mapping[str, str]
    filled_volumes: tuple[str, ...] = ()
    untouched_volumes: Mapping[str, float] = field(default_factory=dict)
    volume_mib: Mapping[str, int] = field(default_factory=dict)
    nodes: tuple[Node, ...] | None = None
    stacks: Mapping[str, Stack] | None = None
    published: Mapping[str, Publisher] = field(default_factory=dict)
    eviction: Eviction | None = None
    kept_stacks: tuple[str, ...] = ()
    image_names: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    upgrades: Upgrades = NO_UPGRADES
    rehearsals: Mapping[str, Rehearsal] | None = None
    own_rules: OwnRules = NO_RULES
    registry_certificate: tuple[float, ...] = ()
    registry_storage: Storage | None = None
    refusals: tuple[Refusal, ...] = ()
    refused_images: tuple[Refusal, ...] = ()

    def has_data(self, volume: str) -> bool:
        """Tell whether there is anything in a volume, whoever made it."""
        return volume in self.filled_volumes or any(volumes.get(volume) for volumes in self.volumes.values())

    @property
    def volume_names(self) -> list[str]:
        """List the volumes of all stacks."""
        return [name for volumes in self.volumes.values() for name in volumes]

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON has it; what only managers can tell is left out where it was not told."""
        answer = asdict(self)
        return {each.name: answer[each.name] for each in fields(self) if getattr(self, each.name) != each.default}
