"""The arguments of the phases: what was decided for a host, as the roles' entry points take it.

Field ``x`` of a phase that role ``r`` carries out is option ``__r_x`` of that role's entry point (``entry_points``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...module_utils.observation.host import LocalImage, Lock
from ...module_utils.observation.stack import SecretObject
from ..model.desired import File
from ..stacks.release_plan import Previous
from ..stacks.secrets import NewConfig, NewSecret


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """A phase that needs no arguments: being in it is all that there is to decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeLock:
    """Keep other runs out, on a manager.

    :ivar found: the lock as this host has it
    """

    found: Lock


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallDocker:
    """Install and configure an engine.

    :ivar packages: of all roles on the host, as apt is asked for them: opening its lists costs more than a package
    :ivar files: settings of engine and kernel, by path
    :ivar sources: what apt must have, by path
    :ivar hold: packages whose version nobody but flotilla changes
    :ivar unhold: packages to release again
    :ivar change_version: whether a package that is there gets another version
    :ivar finish_installation: whether an interrupted installation of packages stands in the way
    :ivar reset_failed: whether systemd counts failed starts of the engine, and may refuse the next
    """

    packages: tuple[str, ...]
    files: Mapping[str, File]
    sources: Mapping[str, File]
    hold: tuple[str, ...]
    unhold: tuple[str, ...]
    change_version: bool
    finish_installation: bool
    reset_failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page that a node answers."""

    port: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartEngine(InstallDocker):
    """Change an engine that runs and restart it, one host after another.

    :ivar restart: whether it runs with older settings; a package that gets another version restarts it by itself
    :ivar order: inventory names of all hosts of this phase, in their order
    :ivar pages: by stack, what the host must answer before the next one: what it answered before
    """

    restart: bool
    order: tuple[str, ...]
    pages: Mapping[str, Page]


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeImages:
    """Make images on the builder.

    :ivar packages: what builds images, as apt is asked for it
    :ivar images: as ``Image.as_dict``, each after those that it is made from
    :ivar architecture: the builder's, such as ``x86_64``
    """

    packages: tuple[str, ...]
    images: tuple[Mapping[str, object], ...]
    architecture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSwarm:
    """Create a swarm with this host as its manager.

    :ivar availability: ``None`` to leave it
    """

    advertise_addr: str
    availability: str | None
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinSwarm:
    """Join the swarm, or change the node of a member.

    :ivar joins: whether the host is no member yet
    :ivar role: ``manager`` or ``worker``
    :ivar manager: inventory name of the manager that acts, through which the host joins
    :ivar manager_addr: its address
    :ivar promote: whether the node, a worker, becomes a manager
    :ivar availability: ``None`` to leave it
    :ivar labels: to set
    :ivar remove_labels: names
    """

    joins: bool
    role: str
    manager: str
    manager_addr: str
    advertise_addr: str
    promote: bool
    availability: str | None
    labels: Mapping[str, str]
    remove_labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeNodes:
    """Demote nodes, or remove the entries of dead ones.

    :ivar manager: inventory name of the manager that acts
    :ivar nodes: IDs
    """

    manager: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeRegistry:
    """Serve the registry.

    :ivar restart: whether a running one works with older settings
    """

    restart: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PullImages:
    """Pull images before an update.

    :ivar images: references by digest
    """

    images: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release that is recorded once it runs.

    :ivar file: text of its stack file
    :ivar rollback_to: number of the release that it goes back to, or ``0``
    :ivar rolled_back: digests of the stack files that rollbacks left
    :ivar by: who deploys it
    """

    file: str
    rollback_to: int
    rolled_back: tuple[str, ...]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StackDeploy:
    """The deploy of one stack, or the way back to its last release.

    :ivar stack: its name
    :ivar timeout: seconds that its services may take to run at their size
    :ivar steps: texts of the stack files to apply one after another
    :ivar steps_back: the same to go back when that fails; empty where there is nothing to go back to
    :ivar secrets: to create first, as with ``configs``
    :ivar skip_wait_for: services that are not waited for, since the host with their data could not be reached
    :ivar release: what is recorded once it runs
    :ivar previous: the last release
    :ivar registry: ``host[:port]`` whose login goes along
    """

    stack: str
    timeout: int
    steps: tuple[str, ...]
    steps_back: tuple[str, ...]
    secrets: tuple[NewSecret, ...]
    configs: tuple[NewConfig, ...]
    skip_wait_for: tuple[str, ...]
    release: Release
    previous: Previous
    registry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """Deploy stacks, one after another.

    :ivar deploys: in their order
    """

    deploys: tuple[StackDeploy, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit(Page):
    """Visits of a page.

    :ivar visits: as many as reach every replica
    """

    visits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPage:
    """Visit the pages of stacks through this node.

    :ivar pages: by stack
    """

    pages: Mapping[str, Visit]


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanUp:
    """Remove what no release needs any more; secrets and configs on one manager, images on each host."""

    secrets: tuple[str, ...]
    configs: tuple[str, ...]
    images: tuple[LocalImage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitForStack:
    """A stack that must run at its size.

    :ivar stack: its name
    :ivar timeout: seconds that this may take
    :ivar skip_wait_for: see ``StackDeploy``
    """

    stack: str
    timeout: int
    skip_wait_for: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retire:
    """Let a host leave.

    :ivar node: its ID, ``""`` for a host that is in no swarm
    :ivar demote: whether it is a manager still
    :ivar manager: inventory name of the manager that acts
    :ivar stacks: that must run at their size elsewhere first
    """

    node: str
    demote: bool
    manager: str
    stacks: tuple[WaitForStack, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A service whose tasks are spread.

    :ivar stack: its stack's name, as with all that follow
    :ivar service: its name in the stack file
    :ivar timeout: seconds that it may take to run at its size
    """

    stack: str
    service: str
    timeout: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebalance:
    """Spread the tasks of services over the nodes again, on a manager.

    :ivar services: in their order
    """

    services: tuple[Spread, ...]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class OfStacks:
    """Remove stacks, or wait for the last of their tasks to end.

    :ivar stacks: their names
    """

    stacks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveLeftovers:
    """Remove what was asked for by name.

    :ivar volumes: names of volumes of stacks
    :ivar images: whether images that no container uses go
    """

    volumes: tuple[str, ...]
    images: bool


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
