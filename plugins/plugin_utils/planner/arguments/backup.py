"""The arguments of role backup's phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ....module_utils.observation.stack import SecretObject
from ...stacks.secrets import NewSecret


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveData:
    """Save the data as it is at one moment.

    :ivar folder: of the backup on the control node
    :ivar file: name of the file in it
    :ivar service: that has the data, as the swarm calls it
    :ivar volume: the service's
    """

    folder: str
    file: str
    service: str
    volume: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveImages:
    """Save the registry's images; see ``SaveData``."""

    folder: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveReleases:
    """Save the releases; see ``SaveData``.

    :ivar secrets: by object, what each is; not its value, which the swarm tells nobody
    """

    folder: str
    file: str
    stack: str
    secrets: Mapping[str, SecretObject]


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyData:
    """Copy saved data beside the present one, and check it.

    :ivar source: path on the control node
    :ivar stack: whose volume it is
    :ivar volume: name
    :ivar owner: the user and group that the service runs as, with a colon between them
    :ivar image: the service's
    """

    source: str
    stack: str
    volume: str
    owner: str
    image: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReleases:
    """Bring releases back into a swarm.

    :ivar stack: whose releases they are
    :ivar remove: names of the configs that are the record of a site that began with nothing
    :ivar configs: name, data in base 64 and labels of each
    :ivar secrets: to create first
    """

    stack: str
    remove: tuple[str, ...]
    configs: tuple[Mapping[str, object], ...]
    secrets: tuple[NewSecret, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadImages:
    """Bring images back into the registry.

    :ivar source: path on the control node
    """

    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopData:
    """Stop the service that has the data.

    :ivar service: as the swarm calls it
    :ivar node: ID of the node that it runs on
    """

    service: str
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadData:
    """Put the copy into the place of the present data.

    :ivar volume: name
    """

    volume: str
