"""What hosts have to do, phase by phase; and the whole plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from ..hosts.engine_source import Engine
from ..model.change import Change
from ..model.observation import LocalImage
from ..model.problem import Problem
from ..swarm.membership import NodeChange


@dataclass(frozen=True, slots=True)
class Work:
    """What a host does in one phase; a phase may be gone through without a change."""

    phase: str
    changes: tuple[Change, ...] = ()


def work(phase: str, changes: Sequence[Change]) -> tuple[Work, ...]:
    """Make work of changes, none of none."""
    return (Work(phase, tuple(changes)),) if changes else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPlan:
    """What one host has to do.

    :ivar node: what to set on its node, ``None`` for a host that is no member or could not be asked
    :ivar retire: kinds of steps
    :ivar packages: of all roles on the host, as apt is asked for them
    :ivar notes: what a user should know
    :ivar stale: roles whose service must be restarted
    :ivar failed: whether systemd counts failed starts of the engine
    :ivar unreachable: what is left undone since it could not be reached, else ``""``
    :ivar pulls: images to pull before an update
    :ivar repair: whether an interrupted installation of packages must be finished
    """

    address: str
    works: tuple[Work, ...] = ()
    node: NodeChange | None = None
    joins: bool = False
    retire: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    engine: Engine = field(default_factory=Engine)
    notes: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    failed: bool = False
    unreachable: str = ""
    old_images: tuple[LocalImage, ...] = ()
    pulls: tuple[str, ...] = ()
    repair: bool = False

    @property
    def changes(self) -> tuple[Change, ...]:
        """Return all changes, in the order of doing."""
        return tuple(change for each in self.works for change in each.changes)

    @property
    def phases(self) -> list[str]:
        """Return the plays that the host goes through."""
        return sorted({each.phase for each in self.works})

    def and_then(self, *works: Work) -> HostPlan:
        """Return the plan with more to do."""
        return replace(self, works=(*self.works, *works))

    def as_dict(self) -> dict[str, object]:
        """Return it as plays read it."""
        return {
            "address": self.address,
            "node": self.node.as_dict() if self.node else {},
            "joins": self.joins,
            "retire": list(self.retire),
            "packages": list(self.packages),
            "engine": {
                "files": {path: asdict(file) for path, file in self.engine.files.items()},
                "hold": list(self.engine.hold),
                "release": list(self.engine.release),
                "change": self.engine.change,
            },
            "notes": list(self.notes),
            "acts": [asdict(change) for change in self.changes],
            "phases": self.phases,
            "stale": list(self.stale),
            "failed": self.failed,
            "absent": self.unreachable,
            "old_images": [_plain(image) for image in self.old_images],
            "pulls": list(self.pulls),
            "repair": self.repair,
        }


def _plain(image: LocalImage) -> dict[str, object]:
    return {"id": image.id, "names": list(image.names), "used": image.used}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plan of a run.

    :ivar problems: what forbids the run; then nothing else is there and nothing may be changed
    :ivar warnings: sentences
    :ivar hosts: by inventory name
    :ivar via: manager through which others join
    :ivar keeper: manager that acts once all managers are in place, and deploys the stack
    :ivar dead: by phase, IDs of the dead nodes that are demoted and whose entries are removed
    :ivar builder: host that makes images
    :ivar digests: by image reference, as far as they are known
    :ivar stack: see ``stacks.release_plan.StackPlan.as_dict``
    :ivar notes: sentences that the user should read beside the plan
    """

    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    hosts: Mapping[str, HostPlan] = field(default_factory=dict)
    via: str = ""
    keeper: str = ""
    dead: Mapping[str, Sequence[str]] = field(default_factory=dict)
    builder: str = ""
    digests: Mapping[str, str | None] = field(default_factory=dict)
    stack: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def has_changes(self) -> bool:
        """Tell whether there is anything to do."""
        return any(host.changes for host in self.hosts.values())

    def as_dict(self) -> dict[str, object]:
        """Return it as plays read it: JSON all through."""
        return {
            "warnings": list(self.warnings),
            "hosts": {name: host.as_dict() for name, host in self.hosts.items()},
            "via": self.via,
            "keeper": self.keeper,
            "dead": {phase: list(nodes) for phase, nodes in self.dead.items()},
            "builder": self.builder,
            "digests": dict(self.digests),
            "changes": self.has_changes,
            "stack": dict(self.stack),
            "notes": list(self.notes),
        }
