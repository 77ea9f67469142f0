"""The arguments of role docker's phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...model.desired import File
from .common import Page


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
    :ivar end_redirect: whether the host's visitors are still led to another one
    :ivar load_modules: whether one of its kernel modules is not loaded
    :ivar turn_on_forwarding: whether the kernel passes no packets on, which the engine turns on when it starts
    """

    packages: tuple[str, ...]
    files: Mapping[str, File]
    sources: Mapping[str, File]
    hold: tuple[str, ...]
    unhold: tuple[str, ...]
    change_version: bool
    finish_installation: bool
    reset_failed: bool
    end_redirect: bool
    load_modules: bool
    turn_on_forwarding: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDevices:
    """Delete network devices that an engine left.

    :ivar devices: their names
    """

    devices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A service whose tasks are kept off a host while its engine is changed.

    :ivar stack: its stack's name
    :ivar service: its name in the stack file
    :ivar timeout: seconds that it may take to run at its size elsewhere
    """

    stack: str
    service: str
    timeout: int


# Inventory names of all hosts of a rolling change, in the order of their turns; together those that are changed at the
# same time.
Batches = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What surrounds the change of one host among others that are changed one after another.

    :ivar pages: by stack, what the host must answer before the next one: what it answered before
    :ivar manager: inventory name of the manager that acts for its node, ``""`` where it is no node
    :ivar lock: inventory name of the manager that the run's lock is renewed on, ``""`` where the run takes none
    :ivar node: its ID, ``""`` where no tasks are moved
    :ivar moves: services whose tasks run elsewhere meanwhile
    :ivar availability: that its node gets again once they do
    :ivar redirects: addresses of hosts that may serve its visitors meanwhile; the first that can does
    :ivar ports: that these come for
    """

    order: Batches
    pages: Mapping[str, Page]
    manager: str = ""
    lock: str = ""
    node: str = ""
    moves: tuple[Move, ...] = ()
    availability: str = "active"
    redirects: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartEngine(InstallDocker):
    """Change an engine that runs and restart it, one host after another.

    :ivar restart: whether what runs is older than its settings or its package; one that gets another version in its
        turn is restarted by its package, or where that leaves it running
    :ivar reload: settings that the engine takes up without a restart; it is not restarted then
    """

    restart: bool
    reload: tuple[str, ...]
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeHost:
    """Upgrade packages of a host and reboot it, one host after another.

    :ivar upgrades: packages as apt is asked for them, with their new versions
    :ivar keep_swarm: folder of the swarm's state, which is copied aside before; ``""`` for none
    :ivar hold: those of them that apt is told to keep again, without versions
    :ivar finish_installation: whether an interrupted installation of packages stands in the way
    :ivar restart: whether its engine is restarted where its packages leave it running
    :ivar reboot: whether it is rebooted
    """

    upgrades: tuple[str, ...]
    keep_swarm: str
    hold: tuple[str, ...]
    finish_installation: bool
    restart: bool
    reboot: bool
    turn: Turn
