"""Decide what a host's packages, files, services and logins need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from types import MappingProxyType

from ...module_utils.observation import Observed
from ..hosts import mesh, state, systems
from ..model.change import Change
from ..model.desired import Role
from ..model.intent import Intent
from ..model.phase import Phase
from ..model.site import Image
from ..registry import logins
from ..stacks.file import StackFile
from . import images, moves, put_back, rolling
from .arguments.common import Nothing
from .arguments.docker import Batches, DeleteDevices, InstallDocker, RestartEngine
from .arguments.registry import ServeRegistry
from .result import HostPlan
from .situation import Situation

CA = "/etc/flotilla/ca.crt"
STRAY = "delete {}, which is left of an engine and keeps tasks of its network off the host"
NO_STACKS: Mapping[str, StackFile] = MappingProxyType({})


def restart_order(now: Situation) -> Batches:
    """Put the hosts whose engines are restarted in the order of their turns."""
    return rolling.batches(now, [name for name in now.observed if _restarts(now, name)])


def restarted(now: Situation, order: Batches) -> list[str]:
    """Name the hosts whose engines restart in their turns, where others take up their settings without.

    :param order: see ``restart_order``
    """
    return [name for batch in order for name in batch if not _reloads(now, name)]


def plan_engine(
    now: Situation,
    name: str,
    order: Batches,
    missing: Sequence[Image] = (),
    more: Sequence[Change] = (),
    files: Mapping[str, StackFile] = NO_STACKS,
) -> HostPlan:
    """Plan packages, files and services of role docker.

    :param order: see ``restart_order``
    :param missing: images that are to be made
    :param more: what else the phase does
    :param files: by stack, whose pages a host must answer after its engine was restarted
    """
    observed, engine = now.observed[name], now.engines[name]
    notes = (systems.note(observed.system.distribution), engine.note)
    told = HostPlan(notes=tuple(note for note in notes if note))
    changes = (*_engine_changes(now, name), *more)
    if not changes:
        return told
    unit, role = observed.services.get("docker"), _role(now, name)
    install = InstallDocker(
        packages=tuple(sorted({*engine.requests, *_role_packages(now, name, missing)})),
        files=role.files,
        sources=engine.files,
        hold=engine.hold,
        unhold=engine.unhold,
        change_version=engine.change,
        finish_installation=_is_interrupted(now, name),
        reset_failed=bool(unit and unit.failed),
        end_redirect=observed.redirected,
        load_modules=bool(state.unloaded(role.modules, observed)),
        turn_on_forwarding=not _forwards(observed),
    )
    if not _serves_until_its_turn(now, name):
        return replace(told, install_docker=install, changes={Phase.INSTALL_DOCKER: changes})
    reload, turn = _reloads(now, name), rolling.plan_turn(now, name, order, files)
    restart = RestartEngine(
        **{each.name: getattr(install, each.name) for each in fields(install)},
        restart=not reload and (state.is_stale(role, observed) or bool(_damage(now, name))),
        reload=reload,
        turn=rolling.without_moves(turn) if reload else turn,
    )
    told = told if reload else replace(told, notes=(*told.notes, *rolling.notes(now, name)))
    return replace(told, restart_engine=restart, changes={Phase.RESTART_ENGINE: changes})


def _role(now: Situation, name: str) -> Role:
    """Return what role docker wants; an engine that restarts for another reason takes up nothing by a reload."""
    role, node = now.desired(name).role("docker"), moves.node_of(now, name)
    # A start may bring a node back that managers have lost.
    is_lost = bool(node and node.state == "down")
    restarts = now.engines[name].change or is_lost or _damage(now, name) or _is_interrupted(now, name)
    return replace(role, reloadable=()) if restarts else role


def _reloads(now: Situation, name: str) -> tuple[str, ...]:
    return state.reloads(_role(now, name), now.observed[name])


def plan_devices(now: Situation, name: str) -> HostPlan:
    """Plan to delete network devices that an engine left; it may have left them when it started in this run."""
    observed = now.observed[name]
    if not observed.mesh or not observed.mesh.strays:
        return HostPlan()
    strays = observed.mesh.strays
    changes = tuple(Change(STRAY.format(device)) for device in strays)
    return HostPlan(delete_devices=DeleteDevices(devices=strays), changes={Phase.DELETE_DEVICES: changes})


def _engine_changes(now: Situation, name: str) -> Iterator[Change]:
    if _is_interrupted(now, name):
        yield Change(rolling.FINISH.format(", ".join(now.observed[name].interrupted)))
    yield from now.engines[name].changes
    yield from state.compare(_role(now, name), now.observed[name])
    # Before engines are restarted, site.yml ends the redirects of their hosts.
    if now.observed[name].redirected and not (now.intent is Intent.SITE and _serves_until_its_turn(now, name)):
        yield put_back.SERVE
    if not _forwards(now.observed[name]):
        yield Change("let the kernel pass packets on (net.ipv4.ip_forward is 0)")
    if damage := _damage(now, name):
        yield Change(f"restart docker, whose network is damaged: {'; '.join(damage)}")


def _forwards(observed: Observed) -> bool:
    return not observed.mesh or observed.mesh.forwards


def _damage(now: Situation, name: str) -> tuple[str, ...]:
    """Say what only a start of the engine brings back, as long as a manager tells what should be there."""
    manager = next(iter(now.answering.values()), None)
    return mesh.faults(now.observed[name], manager) if manager else ()


def _restarts(now: Situation, name: str) -> bool:
    return _serves_until_its_turn(now, name) and any(_engine_changes(now, name))


def _serves_until_its_turn(now: Situation, name: str) -> bool:
    """Tell whether an engine that runs is to be restarted, or reloaded: one host after another, nothing before that."""
    observed, unit = now.observed[name], now.observed[name].services.get("docker")
    is_stale = state.is_stale(now.desired(name).role("docker"), observed)
    return bool(unit and unit.active) and (is_stale or now.engines[name].change or bool(_damage(now, name)))


def _packages(now: Situation, name: str) -> dict[str, Sequence[str]]:
    """Return the packages of each role on a host; alone, role docker has its own only."""
    if now.intent is Intent.DOCKER:
        return {"docker": now.desired(name).role("docker").packages}
    roles: dict[str, Sequence[str]] = {each: role.packages for each, role in now.desired(name).roles.items()}
    builder = images.builder_role(now, name)
    return roles | ({"image": builder.packages} if builder else {})


def _role_packages(now: Situation, name: str, missing: Sequence[Image]) -> set[str]:
    """Collect the packages that a host gets in this run, beside the engine's."""
    left_out = name in now.site.builders and not images.is_prepared(now, name, missing)
    packages = _packages(now, name)
    return {each for role in packages if not (left_out and role == "image") for each in packages[role]}


def _is_interrupted(now: Situation, name: str) -> bool:
    """Tell whether an interrupted installation stands in the way of another; apt refuses it then."""
    observed = now.observed[name]
    packages = [*now.engines[name].packages, *(each for names in _packages(now, name).values() for each in names)]
    return bool(observed.interrupted and state.missing(packages, observed))


def plan_registry(now: Situation, name: str, renewed: bool) -> HostPlan:
    """Plan the registry that a host serves, and its own login.

    :param renewed: whether the registry's account gets another password
    """
    serve = tuple(_server_changes(now, name, renewed))
    log_in = tuple(_login_changes(now, name, renewed))
    role, observed = now.desired(name).role("registry_server"), now.observed[name]
    served = ServeRegistry(
        packages=state.missing(role.packages, observed),
        restart=state.is_stale(role, observed),
        renew=now.evicted is not None,
    )
    changes: Mapping[Phase, tuple[Change, ...]] = {Phase.SERVE_REGISTRY: serve, Phase.LOG_IN: log_in}
    return HostPlan(
        serve_registry=served if serve else None,
        log_in=Nothing() if log_in else None,
        changes={phase: found for phase, found in changes.items() if found},
    )


def _server_changes(now: Situation, name: str, renewed: bool) -> Iterator[Change]:
    yield from state.compare(now.desired(name).role("registry_server"), now.observed[name])
    if renewed and name == now.site.registry.host:
        yield Change("give the account its password")
    if logins.is_renamed(now.observed[name]):
        yield Change(f"make a certificate for {now.site.registry.url.host}")


def _login_changes(now: Situation, name: str, renewed: bool) -> Iterator[Change]:
    if not now.is_served or name not in now.members:
        return
    observed = now.observed[name]
    yield from state.compare(_trust(now, name), observed)
    reason = observed.login or ("its password is new" if renewed else "")
    if reason:
        yield Change(f"log in to {now.site.registry.url.text} ({reason})")


def _trust(now: Situation, name: str) -> Role:
    """Return what a member must have of the registry; a CA that the run itself makes is read off the serving host."""
    role, host = now.desired(name).role("registry_member"), now.site.registry.host
    ca = now.observed[host].files.get(CA) if host in now.observed else None
    files = {path: replace(file, text=file.text or (ca.text if ca else None)) for path, file in role.files.items()}
    return replace(role, files=files)


def is_renewed(now: Situation) -> bool:
    """Tell whether the account of flotilla's own registry gets another password in this run."""
    host = now.site.registry.host
    if now.evicted:
        return host in now.observed and now.is_ahead(Phase.SERVE_REGISTRY)
    return (
        now.intent in (Intent.SITE, Intent.REGISTRY)
        and host in now.observed
        and logins.is_renewed(now.desired(host), now.observed[host])
    )
