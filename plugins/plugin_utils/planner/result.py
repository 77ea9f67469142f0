"""The plan: the arguments of each phase for each host, and what a person is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType

from ..model.change import Change
from ..model.phase import Phase
from ..model.problem import Problem
from .arguments import backup, common, docker, firewall, image, move, preflight, registry, stack, swarm
from .arguments.docker import Batches

Changes = Mapping[Phase, tuple[Change, ...]]
NO_CHANGES: Changes = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """What carries a phase out: a role, and one of its entry points."""

    role: str
    tasks: str


ENTRY_POINTS: Mapping[Phase, EntryPoint] = {
    Phase.LOCK: EntryPoint("preflight", "lock"),
    Phase.INSTALL_DOCKER: EntryPoint("docker", "install"),
    Phase.OBSERVE_SWARM: EntryPoint("preflight", "observe_again"),
    Phase.DELETE_DEVICES: EntryPoint("docker", "delete_devices"),
    Phase.PUT_BACK: EntryPoint("swarm", "put_back"),
    Phase.RESTART_ENGINE: EntryPoint("docker", "restart"),
    Phase.START_BASE_IMAGES: EntryPoint("image", "start"),
    Phase.EVICT: EntryPoint("swarm", "evict"),
    Phase.OPEN_FIREWALL: EntryPoint("firewall", "set"),
    Phase.CREATE_SWARM: EntryPoint("swarm", "create"),
    Phase.DEMOTE_DEAD_MANAGERS: EntryPoint("swarm", "demote"),
    Phase.JOIN_MANAGERS: EntryPoint("swarm", "join"),
    Phase.DEMOTE_MANAGERS: EntryPoint("swarm", "demote"),
    Phase.JOIN_WORKERS: EntryPoint("swarm", "join"),
    Phase.REMOVE_DEAD_NODES: EntryPoint("swarm", "remove"),
    Phase.SERVE_REGISTRY: EntryPoint("registry", "serve"),
    Phase.LOG_IN: EntryPoint("registry", "log_in"),
    Phase.OBSERVE_REGISTRY: EntryPoint("preflight", "observe_again"),
    Phase.BUILD_IMAGES: EntryPoint("image", "build"),
    Phase.OBSERVE_IMAGES: EntryPoint("preflight", "observe_again"),
    Phase.PULL_IMAGES: EntryPoint("stack", "pull"),
    Phase.DEPLOY: EntryPoint("stack", "deploy"),
    Phase.CLEAN_UP: EntryPoint("stack", "clean_up"),
    Phase.RETIRE: EntryPoint("swarm", "retire"),
    Phase.CLOSE_FIREWALL: EntryPoint("firewall", "set"),
    Phase.LOG_OUT: EntryPoint("registry", "log_out"),
    Phase.UPGRADE: EntryPoint("docker", "upgrade"),
    Phase.OBSERVE_TASKS: EntryPoint("preflight", "observe_again"),
    Phase.REBALANCE: EntryPoint("stack", "rebalance"),
    Phase.BEGIN_BACKUP: EntryPoint("backup", "begin"),
    Phase.SAVE_DATA: EntryPoint("backup", "save_data"),
    Phase.SAVE_IMAGES: EntryPoint("backup", "save_images"),
    Phase.SAVE_RELEASES: EntryPoint("backup", "save_releases"),
    Phase.COPY_DATA: EntryPoint("backup", "copy_data"),
    Phase.LOAD_RELEASES: EntryPoint("backup", "load_releases"),
    Phase.FORGET_IMAGES: EntryPoint("image", "forget"),
    Phase.LOAD_IMAGES: EntryPoint("backup", "load_images"),
    Phase.STOP_DATA: EntryPoint("backup", "stop_data"),
    Phase.LOAD_DATA: EntryPoint("backup", "load_data"),
    Phase.MOVE_DATA: EntryPoint("backup", "move_data"),
    Phase.HOLD_DATA: EntryPoint("backup", "hold_data"),
    Phase.START_DATA: EntryPoint("backup", "start_data"),
    Phase.REMOVE_COPIES: EntryPoint("backup", "remove_copies"),
    Phase.REMOVE_STACK: EntryPoint("stack", "remove"),
    Phase.WAIT_FOR_TASKS: EntryPoint("stack", "wait_for_tasks"),
    Phase.LEAVE_WORKERS: EntryPoint("swarm", "leave"),
    Phase.LEAVE_MANAGERS: EntryPoint("swarm", "leave"),
    Phase.REMOVE_FIREWALL: EntryPoint("firewall", "remove"),
    Phase.REMOVE_LEFTOVERS: EntryPoint("stack", "remove_leftovers"),
    Phase.FORGET_STACK: EntryPoint("stack", "clean_up"),
    Phase.CLEAN_REGISTRY: EntryPoint("registry", "clean"),
    Phase.CHECK_SERVICES: EntryPoint("stack", "check_services"),
    Phase.CHECK_PAGE: EntryPoint("stack", "check_page"),
    Phase.END_EVICTION: EntryPoint("swarm", "end_eviction"),
    Phase.UNLOCK: EntryPoint("preflight", "unlock"),
    Phase.REPORT: EntryPoint("preflight", "report"),
    Phase.REPORT_RESET: EntryPoint("preflight", "report_reset"),
    Phase.REPORT_STATUS: EntryPoint("preflight", "report_status"),
    Phase.SHOW_LOGS: EntryPoint("stack", "show_logs"),
    Phase.RUN_COMMAND: EntryPoint("stack", "run_command"),
    Phase.RUN_TASK: EntryPoint("stack", "run_task"),
    Phase.UNREACHABLE: EntryPoint("preflight", "unreachable"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPlan:
    """What one host has to do: it is in a phase exactly if it has that phase's arguments.

    The first fields are the phases, in their order.

    :ivar changes: what each phase changes; a phase may be gone through without a change
    :ivar notes: what a user should read
    """

    lock: preflight.TakeLock | None = None
    install_docker: docker.InstallDocker | None = None
    observe_swarm: common.Nothing | None = None
    delete_devices: docker.DeleteDevices | None = None
    put_back: swarm.PutBack | None = None
    restart_engine: docker.RestartEngine | None = None
    start_base_images: image.MakeImages | None = None
    evict: swarm.EvictNode | None = None
    open_firewall: firewall.SetFirewall | None = None
    create_swarm: swarm.CreateSwarm | None = None
    demote_dead_managers: swarm.ChangeNodes | None = None
    join_managers: swarm.JoinSwarm | None = None
    demote_managers: swarm.ChangeNodes | None = None
    join_workers: swarm.JoinSwarm | None = None
    remove_dead_nodes: swarm.ChangeNodes | None = None
    serve_registry: registry.ServeRegistry | None = None
    log_in: common.Nothing | None = None
    observe_registry: common.Nothing | None = None
    build_images: image.MakeImages | None = None
    observe_images: common.Nothing | None = None
    pull_images: stack.PullImages | None = None
    deploy: stack.Deploy | None = None
    clean_up: stack.CleanUp | None = None
    retire: swarm.Retire | None = None
    close_firewall: firewall.SetFirewall | None = None
    log_out: common.Nothing | None = None
    upgrade: docker.UpgradeHost | None = None
    observe_tasks: common.Nothing | None = None
    rebalance: stack.Rebalance | None = None
    begin_backup: backup.BeginBackup | None = None
    save_data: backup.SaveData | None = None
    save_images: backup.SaveImages | None = None
    save_releases: backup.SaveReleases | None = None
    copy_data: backup.CopyData | None = None
    load_releases: backup.LoadReleases | None = None
    forget_images: image.ForgetImages | None = None
    load_images: backup.LoadImages | None = None
    stop_data: backup.StopData | None = None
    load_data: backup.LoadData | None = None
    move_data: move.MoveData | None = None
    hold_data: move.HoldData | None = None
    start_data: move.StartData | None = None
    remove_copies: move.RemoveCopies | None = None
    remove_stack: stack.OfStacks | None = None
    wait_for_tasks: stack.OfStacks | None = None
    leave_workers: common.Nothing | None = None
    leave_managers: common.Nothing | None = None
    remove_firewall: firewall.RemoveFirewall | None = None
    remove_leftovers: stack.RemoveLeftovers | None = None
    forget_stack: stack.CleanUp | None = None
    clean_registry: registry.CleanRegistry | None = None
    check_services: stack.CheckServices | None = None
    check_page: stack.CheckPage | None = None
    end_eviction: swarm.EndEviction | None = None
    unlock: common.Nothing | None = None
    report: preflight.Report | None = None
    report_reset: preflight.ReportReset | None = None
    report_status: preflight.ReportStatus | None = None
    show_logs: stack.ShowLogs | None = None
    run_command: stack.RunCommand | None = None
    run_task: stack.RunTask | None = None
    unreachable: preflight.Unreachable | None = None
    changes: Changes = NO_CHANGES
    notes: tuple[str, ...] = ()

    @property
    def phases(self) -> tuple[Phase, ...]:
        """Return the phases that the host goes through, in their order."""
        return tuple(phase for phase in Phase if getattr(self, phase) is not None)

    @property
    def has_changes(self) -> bool:
        """Tell whether there is anything to do."""
        return any(self.changes.values())

    def only(self, keep: Callable[[Phase], bool]) -> HostPlan:
        """Return the plan without the arguments of some phases; what they would change is told still."""
        kept = {phase: getattr(self, phase) for phase in self.phases if keep(phase)}
        return _make(kept, self.changes, self.notes)

    def without_changes(self, keep: Callable[[Phase], bool]) -> HostPlan:
        """Return the plan without some phases and what they would change."""
        kept = {phase: changes for phase, changes in self.changes.items() if keep(phase)}
        return replace(self.only(keep), changes=kept)

    def as_dict(self) -> dict[str, object]:
        """Return it as plays read it: JSON all through, each phase under its name."""
        return {
            **{phase.value: _plain(asdict(getattr(self, phase))) for phase in self.phases},
            "changes": [
                {"phase": phase.value, **asdict(change)} for phase in Phase for change in self.changes.get(phase, ())
            ],
        }


def _plain(value: object) -> object:
    """Return JSON: Ansible takes no tuples for lists everywhere, and warns of other mappings."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def merge(*parts: HostPlan) -> HostPlan:
    """Put the parts of a host's plan together; each phase is in one part at most."""
    phases = {phase: getattr(part, phase) for part in parts for phase in part.phases}
    changes: dict[Phase, tuple[Change, ...]] = {}
    for part in parts:
        for phase, found in part.changes.items():
            changes[phase] = (*changes.get(phase, ()), *found)
    return _make(phases, changes, tuple(note for part in parts for note in part.notes))


def _make(phases: Mapping[Phase, object], changes: Changes, notes: tuple[str, ...]) -> HostPlan:
    """Make a plan of arguments that come from other plans."""
    by_name = {phase.value: given for phase, given in phases.items()}
    return HostPlan(**by_name, changes=changes, notes=notes)  # type: ignore[arg-type] # checked where they were set


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The same change on one host or several."""

    phase: Phase
    hosts: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plan of a run.

    :ivar problems: what forbids the run; then nothing else is there and nothing may be changed
    :ivar warnings: sentences
    :ivar hosts: by inventory name
    :ivar notes: sentences that the user should read beside the plan
    :ivar rehearse: by inventory name, the stack files by stack whose deploy that manager is to rehearse first; then
        nothing else is there
    """

    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    hosts: Mapping[str, HostPlan] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    rehearse: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def has_changes(self) -> bool:
        """Tell whether there is anything to do."""
        return any(host.has_changes for host in self.hosts.values())

    @property
    def changes_now(self) -> bool:
        """Tell whether it changes something before the run is planned again, if it is."""
        return any(phase in host.phases for host in self.hosts.values() for phase in host.changes)

    def steps(self) -> list[Step]:
        """List what is done, in the order of the phases."""
        together: dict[tuple[Phase, str], list[str]] = {}
        for name, host in self.hosts.items():
            for phase, changes in host.changes.items():
                for change in changes:
                    together.setdefault((phase, change.text), []).append(name)
        order = list(Phase)
        found = sorted(together.items(), key=lambda entry: order.index(entry[0][0]))
        return [Step(phase=phase, hosts=tuple(names), text=text) for (phase, text), names in found]

    def phases(self) -> dict[str, list[str]]:
        """Return the hosts of each phase, in the inventory's order; one after another in their turns."""
        found = {phase.value: [name for name, host in self.hosts.items() if phase in host.phases] for phase in Phase}
        return found | {phase: [name for batch in order for name in batch] for phase, order in self._batches().items()}

    def batch_sizes(self) -> dict[str, list[int]]:
        """Return of each rolling change how many hosts are changed at a time, batch after batch."""
        return {phase: [len(batch) for batch in order] for phase, order in self._batches().items()}

    def _batches(self) -> dict[str, Batches]:
        turns = {
            phase.value: next((each for host in self.hosts.values() if (each := getattr(host, phase))), None)
            for phase in (Phase.RESTART_ENGINE, Phase.UPGRADE)
        }
        return {phase: each.turn.order if each else () for phase, each in turns.items()}

    def as_dict(self) -> dict[str, object]:
        """Return it as plays read it: JSON all through."""
        return {
            "hosts": {name: host.as_dict() for name, host in self.hosts.items()},
            "changes": self.has_changes,
            "rehearse": {name: dict(drafts) for name, drafts in self.rehearse.items()},
        }
