"""The arguments of role stack's phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ....module_utils.observation.host import LocalImage
from ...stacks.release_plan import Previous
from ...stacks.secrets import NewConfig, NewSecret
from .common import Page


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
    :ivar after: stacks without which it is not deployed
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
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """Deploy stacks, one after another.

    :ivar make_ingress: whether the network of published ports is gone, without which no service can have one
    :ivar deploys: in their order
    """

    make_ingress: bool
    deploys: tuple[StackDeploy, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit(Page):
    """Visits of a page.

    :ivar visits: as many as reach every replica
    :ivar ready_path: that tells whether the app is ready, ``""`` where none does
    """

    visits: int
    ready_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedStack:
    """A stack that must run at its size.

    :ivar stack: its name
    :ivar timeout: seconds that this may take
    :ivar skip_wait_for: see ``StackDeploy``
    :ivar steady: seconds that it must stay so
    """

    stack: str
    timeout: int
    skip_wait_for: tuple[str, ...]
    steady: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckServices:
    """See the services of stacks at their size.

    :ivar checks: all
    """

    checks: tuple[CheckedStack, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowLogs:
    """Show what services have written.

    :ivar services: full names
    :ivar seconds: how far back, ``0`` for all that there is
    :ivar lines: of each task, at most
    :ivar follow: whether what comes later is shown as well
    """

    services: tuple[str, ...]
    seconds: int
    lines: int
    follow: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCommand:
    """Run a command in the container of a task.

    :ivar service: full name
    :ivar task: ID
    """

    service: str
    task: str
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTask:
    """Run a command once with what a service has.

    :ivar service: full name
    :ivar timeout: seconds that it may take
    """

    service: str
    argv: tuple[str, ...]
    timeout: int


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
class Spread:
    """A service whose tasks are spread.

    :ivar stack: its stack's name, as with all that follow
    :ivar service: its name in the stack file
    :ivar size: number of tasks that it ends with
    :ivar extra: how many more it has meanwhile
    :ivar timeout: seconds that it may take to run at its size
    """

    stack: str
    service: str
    size: int
    extra: int
    timeout: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebalance:
    """Spread the tasks of services over the nodes again, on a manager.

    :ivar services: in their order
    """

    services: tuple[Spread, ...]


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
