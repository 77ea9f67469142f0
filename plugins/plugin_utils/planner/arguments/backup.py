"""The arguments of role backup's phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ....module_utils.observation.stack import SecretObject
from ...stacks.secrets import NewSecret


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginBackup:
    """Make the folder of a backup, and the key where there is none.

    :ivar folder: path on the control node
    :ivar key: path of its file on the control node
    """

    folder: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingService:
    """A service that has data on one node.

    :ivar service: as the swarm calls it
    :ivar node: ID of the node
    """

    service: str
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedVolume:
    """A volume whose data is saved.

    :ivar volume: name
    :ivar file: name of the file in the backup's folder
    :ivar dump: command that dumps its data in a container of the service, ``""`` where all of it is copied
    :ivar service: whose container that is, as the swarm calls it
    """

    volume: str
    file: str
    dump: str
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveData:
    """Save the data of this host's volumes.

    :ivar folder: of the backup on the control node
    :ivar key: path of the file with its key
    :ivar manager: inventory name of the host that stops and starts services
    :ivar stop: the services that are stopped for the copy
    :ivar sizes: number of tasks by service, of those that are started then
    """

    folder: str
    key: str
    manager: str
    stop: tuple[HoldingService, ...]
    sizes: Mapping[str, int]
    volumes: tuple[SavedVolume, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveImages:
    """Save the registry's images; see ``SaveData``."""

    folder: str
    file: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveReleases:
    """Save the releases, and what shows that the backup is whole; see ``SaveData``.

    :ivar file: of the releases
    :ivar manifest: name of the file that is written last
    :ivar at: the backup's time, as in its name
    :ivar secrets: by stack and object, what each is; not its value, which the swarm tells nobody
    :ivar volumes: stack by volume that was saved
    """

    folder: str
    file: str
    manifest: str
    key: str
    at: str
    secrets: Mapping[str, Mapping[str, SecretObject]]
    volumes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedVolume:
    """A volume whose saved data is copied beside the present data.

    :ivar source: path on the control node
    :ivar stack: whose volume it is
    :ivar volume: name
    """

    source: str
    stack: str
    volume: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyData:
    """Copy saved data beside the present data.

    :ivar key: path of the file with the backup's key
    """

    key: str
    volumes: tuple[CopiedVolume, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedStack:
    """What a swarm gets back of a stack.

    :ivar stack: name
    :ivar remove: names of the configs that are the record of a site that began with nothing
    :ivar configs: name, data in base 64 and labels of each
    :ivar secrets: to create first
    """

    stack: str
    remove: tuple[str, ...]
    configs: tuple[Mapping[str, object], ...]
    secrets: tuple[NewSecret, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReleases:
    """Bring releases back into a swarm."""

    stacks: tuple[LoadedStack, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadImages:
    """Bring images back into the registry.

    :ivar source: path on the control node
    :ivar key: path of the file with the backup's key
    """

    source: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopData:
    """Stop the services that have data."""

    services: tuple[HoldingService, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadData:
    """Put copies into the place of the present data.

    :ivar volumes: names
    """

    volumes: tuple[str, ...]
