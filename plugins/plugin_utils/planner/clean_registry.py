"""Plan what the registry that flotilla serves need not keep: images of releases that are gone."""

from __future__ import annotations

from collections.abc import Iterator

from ...module_utils.observation import Observed
from ...module_utils.observation.registry import Manifest, Storage
from ..hosts import state
from ..model.change import Change
from ..model.phase import Phase
from ..model.problem import Code, Problem
from ..registry.storage import Surplus, find_surplus, paths, readable
from . import frame
from .arguments.common import Nothing
from .arguments.registry import CleanRegistry
from .result import HostPlan, Plan, merge
from .situation import Situation, no_manager


def plan_clean_registry(now: Situation) -> Plan:
    """Let the registry's host delete the images that nothing needs, and free their space.

    What the swarm names is needed, of whichever stack: it is asked of a manager, whose lock keeps other runs, and so
    pushes, out.
    """
    managers = now.answering
    if not managers:
        return Plan(problems=(no_manager(now),))
    name, manager = next(iter(managers.items()))
    storage = _storage(now)
    problems = tuple(_problems(now, storage))
    if problems or not storage:
        return Plan(problems=problems)
    surplus = find_surplus(storage, _repositories(now), _names(now, manager))
    notes = tuple(_notes(surplus))
    hosts = {host: HostPlan() for host in now.hosts}
    if surplus.freed or surplus.manifests:
        hosts[now.site.registry.host] = _clean(surplus)
        hosts[name] = merge(hosts[name], HostPlan(lock=frame.lock(now, name), unlock=Nothing()))
    return Plan(hosts=hosts, notes=notes)


def _storage(now: Situation) -> Storage | None:
    observed = now.observed.get(now.site.registry.host)
    return observed.registry_storage if observed else None


def _problems(now: Situation, storage: Storage | None) -> Iterator[Problem]:
    host, url = now.site.registry.host, now.site.registry.url.text
    if not host:
        yield Problem(
            code=Code.SETTING_CONFLICT,
            where="registry_url",
            found=f"{url}, an external registry",
            expected="the registry that flotilla serves",
            fix="Free space by the means of that registry",
        )
    elif not storage or state.compare(now.desired(host).role("registry_server"), now.observed[host]):
        yield Problem(
            code=Code.SITE_NOT_SET_UP,
            where="playbooks/clean_registry.yml",
            hosts=(host,),
            found="a registry that is not set up, or not wholly" if storage else "no answer of the registry's host",
            expected="a registry that takes nothing while its space is freed",
            fix="Run site.yml" if storage else "Bring it back",
        )
    else:
        yield from _unknown_repositories(now, storage)


def _unknown_repositories(now: Situation, storage: Storage) -> Iterator[Problem]:
    there = sorted({manifest.repository for manifest in storage.manifests})
    for name in now.site.repositories:
        if name not in there:
            yield Problem(
                code=Code.SETTING_INVALID,
                where="repository",
                found=name,
                expected=f"one that the registry has: {', '.join(there) or 'there is none'}",
                fix="Correct the name",
            )


def _repositories(now: Situation) -> set[str]:
    """Return the site's own repositories, and those that the user named."""
    return {_local(now, image.repository) for image in now.site.images}.union(now.site.repositories)


def _names(now: Situation, manager: Observed) -> set[str]:
    return {_local(now, name) for name in (*manager.image_names, *(image.reference for image in now.site.images))}


def _local(now: Situation, name: str) -> str:
    """Return the name that the registry itself has for an image."""
    return name.removeprefix(f"{now.site.registry.url.server}/")


def _clean(surplus: Surplus) -> HostPlan:
    changes = [Change(f"delete image {_title(manifest)}, which no release needs") for manifest in surplus.manifests]
    changes.append(Change(f"free {readable(surplus.freed)} of {readable(surplus.total)} in the registry"))
    deleted = tuple(path for manifest in surplus.manifests for path in paths(manifest))
    return HostPlan(clean_registry=CleanRegistry(deleted=deleted), changes={Phase.CLEAN_REGISTRY: tuple(changes)})


def _title(manifest: Manifest) -> str:
    return f"{manifest.repository}:{manifest.tags[0]}" if manifest.tags else f"{manifest.repository}@{manifest.digest}"


def _notes(surplus: Surplus) -> Iterator[str]:
    if not surplus.freed and not surplus.manifests:
        yield f"the registry has nothing that no release needs; its images take {readable(surplus.total)}"
    for name, size in surplus.foreign.items():
        yield (
            f"the registry has {readable(size)} of {name}, which is no image of this site; they are kept. "
            f"-e repository={name} deletes what no service and no release names"
        )
