"""Decide what a host's packages, files, services and logins need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..hosts import state, systems
from ..model.change import Change
from ..model.desired import Role
from ..model.site import Image
from ..registry import logins
from . import images
from .situation import Situation
from .work import HostPlan, Work, work

CA = "/etc/flotilla/ca.crt"


def plan_host(now: Situation, name: str, missing: Sequence[Image] = ()) -> HostPlan:
    """Plan packages, files and services.

    :param missing: images that are to be made
    """
    address, engine = now.addresses[name], now.engines[name]
    if name not in now.seen:
        return HostPlan(address=address, engine=engine)
    seen, desired = now.seen[name], now.desired(name)
    unit = seen.services.get("docker")
    notes = (systems.note(seen.system.distribution), engine.note)
    stale = {"docker": desired.role("docker"), "registry": desired.role("registry_server")}
    return HostPlan(
        address=address,
        works=tuple(plan_engine(now, name)),
        packages=tuple(sorted({*engine.requests, *_role_packages(now, name, missing)})),
        engine=engine,
        notes=tuple(note for note in notes if note),
        stale=tuple(name for name, role in stale.items() if state.is_stale(role, seen)),
        failed=bool(unit and unit.failed),
        repair=_needs_repair(now, name),
    )


def plan_engine(now: Situation, name: str) -> Iterator[Work]:
    """Plan the engine and what role docker wants."""
    phase = "restart" if _serves_until_its_turn(now, name) else "docker"
    if _needs_repair(now, name):
        names = ", ".join(now.seen[name].interrupted)
        yield Work(phase, (Change("docker", f"finish the interrupted installation of {names}"),))
    yield from work(phase, now.engines[name].changes)
    yield from work(phase, state.compare("docker", now.desired(name).role("docker"), now.seen[name]))


def _serves_until_its_turn(now: Situation, name: str) -> bool:
    """Tell whether an engine that runs is to be restarted: one host after the other, and nothing before its turn."""
    seen, unit = now.seen[name], now.seen[name].services.get("docker")
    is_stale = state.is_stale(now.desired(name).role("docker"), seen)
    return bool(unit and unit.active) and (is_stale or now.engines[name].change)


def _packages(now: Situation, name: str) -> dict[str, Sequence[str]]:
    """Return the packages of each role on a host."""
    roles: dict[str, Sequence[str]] = {each: role.packages for each, role in now.desired(name).roles.items()}
    builder = images.builder_role(now, name)
    return roles | ({"image": builder.packages} if builder else {})


def _role_packages(now: Situation, name: str, missing: Sequence[Image]) -> set[str]:
    """Collect the packages that a host gets in this run, beside the engine's."""
    left_out = name in now.site.builders and not images.is_prepared(now, name, missing)
    packages = _packages(now, name)
    return {each for role in packages if not (left_out and role == "image") for each in packages[role]}


def _needs_repair(now: Situation, name: str) -> bool:
    """Tell whether an interrupted installation stands in the way of another; apt refuses it then."""
    seen = now.seen[name]
    packages = [*now.engines[name].packages, *(each for names in _packages(now, name).values() for each in names)]
    return bool(seen.interrupted) and not all(seen.packages[each] for each in packages)


def plan_registry(now: Situation, name: str, renewed: bool) -> Iterator[Work]:
    """Plan the registry that a host serves, and its own login.

    :param renewed: whether the registry's account gets another password
    """
    if name not in now.seen:
        return
    seen, url = now.seen[name], now.site.registry.url
    yield from work("registry", state.compare("registry", now.desired(name).role("registry_server"), seen))
    if renewed and name == now.site.registry.host:
        yield Work("registry", (Change("registry", "give the account its password"),))
    if logins.is_renamed(seen):
        yield Work("registry", (Change("registry", f"make a certificate for {url.host}"),))
    if now.is_served and name in now.members:
        yield from work("login", state.compare("registry", _trust(now, name), seen))
        reason = seen.login or ("its password is new" if renewed else "")
        yield from work("login", [Change("registry", f"log in to {url.text} ({reason})")] if reason else ())


def _trust(now: Situation, name: str) -> Role:
    """Return what a member must have of the registry; a CA that the run itself makes is read off the serving host."""
    role, host = now.desired(name).role("registry_member"), now.site.registry.host
    ca = now.seen[host].files.get(CA) if host in now.seen else None
    files = {path: replace(file, text=file.text or (ca.text if ca else None)) for path, file in role.files.items()}
    return replace(role, files=files)


def is_renewed(now: Situation) -> bool:
    """Tell whether the account of flotilla's own registry gets another password in this run."""
    host = now.site.registry.host
    return now.site.intent == "site" and host in now.seen and logins.is_renewed(now.desired(host), now.seen[host])
