"""Plan a backup of what cannot be made again, and the way back."""

from __future__ import annotations

from collections.abc import Mapping

from ...module_utils.observation.stack import Stack
from ..model.change import Change
from ..model.phase import Phase
from ..model.problem import ProblemError
from ..stacks import backup
from . import frame
from .arguments.backup import CopyData, LoadData, LoadImages, LoadReleases, SaveData, SaveImages, SaveReleases, StopData
from .result import HostPlan, Plan, merge
from .site import decide
from .situation import Situation

EMPTY = Stack()


def plan_backup(now: Situation) -> Plan:
    """Let each host that has something save it; nothing of the site changes."""
    try:
        stack = backup.saved_stack(now.site)
        places = backup.place(now.observed, stack.name, now.site.registry.host)
    except ProblemError as error:
        return Plan(problems=(error.problem,))
    folder, service = now.site.backup.folder, _service(stack.name)
    parts = {
        "data": HostPlan(
            save_data=SaveData(
                folder=folder, file=backup.DATA_FILE, service=service, volume=backup.volume_of(stack.name)
            ),
            changes={Phase.SAVE_DATA: (Change(f"save the data of {service}"),)},
        ),
        "registry": HostPlan(
            save_images=SaveImages(folder=folder, file=backup.IMAGES_FILE),
            changes={Phase.SAVE_IMAGES: (Change("save the registry's images"),)},
        ),
        "manager": HostPlan(
            save_releases=SaveReleases(
                folder=folder,
                file=backup.RECORD_FILE,
                stack=stack.name,
                secrets=_running(now, places["manager"], stack.name).secrets,
            ),
            changes={Phase.SAVE_RELEASES: (Change("save the releases"),)},
        ),
    }
    return Plan(hosts=_at(now, places, parts), notes=(f"the backup is {folder}",))


def plan_restore(now: Situation) -> Plan:
    """Bring a backup back into a site that runs, as far as the deploy that follows.

    What would stop that deploy stops the run before anything is changed; only the data may be missing still.
    """
    decided = decide(now)
    if decided.problems:
        return Plan(problems=decided.problems)
    try:
        stack = backup.saved_stack(now.site)
        places = backup.place(now.observed, stack.name, now.site.registry.host)
    except ProblemError as error:
        return Plan(problems=(error.problem,))
    source, running = now.site.backup.source, _running(now, places["manager"], stack.name)
    volume, redis = backup.volume_of(stack.name), running.services[backup.SERVICE]
    missing = backup.missing(now.site.backup.saved, running, stack.name, stack.secrets, stack.values)
    parts = {
        "data": HostPlan(
            copy_data=CopyData(
                source=f"{source}/{backup.DATA_FILE}",
                stack=stack.name,
                volume=volume,
                owner=redis.user,
                image=redis.image,
            ),
            load_data=LoadData(volume=volume),
            changes={Phase.LOAD_DATA: (Change(f"replace the data of {volume} by that of {source}"),)},
        ),
        "registry": HostPlan(
            load_images=LoadImages(source=f"{source}/{backup.IMAGES_FILE}"),
            changes={Phase.LOAD_IMAGES: (Change(f"bring back the images of {source}"),)},
        ),
        "manager": HostPlan(
            lock=frame.lock(now, places["manager"]),
            load_releases=LoadReleases(
                stack=stack.name, remove=missing.remove, configs=missing.configs, secrets=missing.secrets
            ),
            stop_data=StopData(service=_service(stack.name), node=now.observed[places["data"]].swarm.node_id),
            changes={
                Phase.LOAD_RELEASES: (Change(f"bring back the releases of {source}"),),
                Phase.STOP_DATA: (Change(f"stop {_service(stack.name)} while its data is replaced"),),
            },
        ),
    }
    return Plan(hosts=_at(now, places, parts))


def _at(now: Situation, places: Mapping[str, str], parts: Mapping[str, HostPlan]) -> dict[str, HostPlan]:
    """Give each host the parts that it has a place for."""
    return {name: merge(*(parts[what] for what, place in places.items() if place == name)) for name in now.hosts}


def _service(stack: str) -> str:
    return f"{stack}_{backup.SERVICE}"


def _running(now: Situation, manager: str, stack: str) -> Stack:
    return (now.observed[manager].stacks or {}).get(stack, EMPTY)
