"""Plan the move of a volume to another node, with the services that it holds and the volumes that they hold beside it.

Each step leaves a state that the next run goes on from, whichever playbook that is. Until the whole copy is on its new
host, the services start where they were; from then on they start there; they start nowhere in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...module_utils.observation.swarm import Node
from ..model.change import Change
from ..model.phase import Phase
from ..model.problem import ProblemError
from ..stacks.file import MOVED_PREFIX, MOVING_PREFIX, VOLUME_PREFIX
from ..stacks.volume_moves import is_old, is_pinned, is_remainder, notes_of
from . import frame, gate
from .arguments.backup import HoldingService
from .arguments.common import Nothing
from .arguments.move import Copy, HoldData, MoveData, NodeLabels, RemoveCopies, StartData
from .arguments.stack import PullImages
from .move_checks import Job, check, find_job, missing_images
from .moves import node_of
from .result import HostPlan, Plan, merge
from .situation import Situation, no_manager

UNFINISHED = (
    "a move of {0} to {1} was begun and not ended: playbooks/move.yml -e volume={0} -e to={1} goes on with it, and "
    "with the host that has the data for to= it ends it"
)


def unfinished(now: Situation) -> list[str]:
    """Say which moves were begun and not ended."""
    nodes = {name: node for name in now.observed if (node := node_of(now, name))}
    return [
        UNFINISHED.format(label.removeprefix(MOVING_PREFIX), name)
        for name, node in nodes.items()
        for label in node.labels
        if label.startswith(MOVING_PREFIX) and is_remainder(node, label.removeprefix(MOVING_PREFIX))
    ]


def plan_move(now: Situation) -> Plan:
    """Let the first manager that answers move the volume."""
    if not now.answering:
        return Plan(problems=(no_manager(now),))
    try:
        job = find_job(now)
    except ProblemError as error:
        return Plan(problems=(error.problem,))
    if problems := tuple(check(now, job)):
        return Plan(problems=problems)
    name, hosts = next(iter(now.answering)), {host: HostPlan() for host in now.hosts}
    work = merge(_copy(now, job), _hold(job), _start(job), _remove(now, job))
    if work.has_changes:
        hosts = gate.plan_running(now, name)
        hosts[job.target] = merge(hosts[job.target], _pull(now, job))
        hosts[name] = merge(hosts[name], HostPlan(lock=frame.lock(now, name), unlock=Nothing()), work)
    return Plan(hosts=hosts, notes=tuple(_notes(now, job)))


def _pull(now: Situation, job: Job) -> HostPlan:
    """Let the target pull its images before anything is stopped."""
    images = missing_images(now, job)
    if not images:
        return HostPlan()
    changes = {Phase.PULL_IMAGES: tuple(Change(f"pull {image}") for image in images)}
    return HostPlan(pull_images=PullImages(images=images), changes=changes)


def _copy(now: Situation, job: Job) -> HostPlan:
    if not job.copies:
        return HostPlan()
    there = now.observed[job.target]
    copy = MoveData(
        source=job.source,
        target=job.target,
        target_node=job.target_node.id,
        notes={f"{MOVING_PREFIX}{volume}": job.source_node.id for volume in job.volumes},
        remove=tuple(volume for volume in job.volumes if _is_there(now, job.target, volume)),
        volumes=job.volumes,
        stop=tuple(HoldingService(service=service, node=job.source_node.id) for service in job.running),
        sizes=job.sizes,
        since=job.since,
        folder=f"{now.site.move.folder}/moving-{now.site.move.volume}",
    )
    old = [volume for volume in job.volumes if there.has_data(volume) and is_old(job.target_node, volume)]
    stop = f"stop {_words(job.running)}, and " if job.running else ""
    text = f"{stop}copy {_words(job.volumes)} from {job.source} to {job.target}"
    before = (Change(f"remove the old copy of {volume} on {job.target}") for volume in old)
    return HostPlan(move_data=copy, changes={Phase.MOVE_DATA: (*before, Change(text))})


def _hold(job: Job) -> HostPlan:
    """Take the pin from the one node first: then no task can start, and both nodes have the same data."""
    is_held = all(is_pinned(job.target_node, volume) for volume in job.volumes)
    if not job.copies and is_held and not notes_of(job.target_node, job.volumes):
        return HostPlan()
    take = NodeLabels(
        node=job.source_node.id,
        add=_labels(MOVED_PREFIX, job.volumes),
        remove=(*_labels(VOLUME_PREFIX, job.volumes), *_labels(MOVING_PREFIX, job.volumes)),
    )
    give = NodeLabels(
        node=job.target_node.id,
        add=_labels(VOLUME_PREFIX, job.volumes),
        remove=(*_labels(MOVING_PREFIX, job.volumes), *_labels(MOVED_PREFIX, job.volumes)),
    )
    change = Change(f"hold {_words(job.volumes)} on {job.target}")
    return HostPlan(
        hold_data=HoldData(steps=(take, give) if job.copies else (give,)), changes={Phase.HOLD_DATA: (change,)}
    )


def _labels(prefix: str, volumes: Iterable[str]) -> dict[str, str]:
    return {f"{prefix}{volume}": "true" for volume in volumes}


def _start(job: Job) -> HostPlan:
    stopped = [each.full_name for each in job.services if job.copies or each.stopped]
    if not stopped:
        return HostPlan()
    timeouts = {each.stack.name: each.stack.timeout for each in job.services}
    start = StartData(sizes=job.sizes, timeouts=timeouts, since=job.since)
    return HostPlan(start_data=start, changes={Phase.START_DATA: (Change(f"start {_words(stopped)}"),)})


def _remove(now: Situation, job: Job) -> HostPlan:
    """Remove what moves that were cut short have left, and old copies where that was asked for."""
    copies, steps = list[Copy](), list[NodeLabels]()
    for name, node in _others(now, job):
        gone = [volume for volume in job.volumes if _goes(now, job, node, volume)]
        copies += [Copy(host=name, volume=volume) for volume in gone if _is_there(now, name, volume)]
        if gone:
            remove = (*_labels(MOVING_PREFIX, gone), *_labels(MOVED_PREFIX, gone))
            steps.append(NodeLabels(node=node.id, add={}, remove=remove))
    if not steps:
        return HostPlan()
    texts = [f"remove the copy of {copy.volume} on {copy.host}" for copy in copies]
    changes = {Phase.REMOVE_COPIES: tuple(map(Change, texts or ["forget copies that are gone"]))}
    return HostPlan(remove_copies=RemoveCopies(copies=tuple(copies), steps=tuple(steps)), changes=changes)


def _is_there(now: Situation, name: str, volume: str) -> bool:
    return volume in now.observed[name].volume_names or now.observed[name].has_data(volume)


def _goes(now: Situation, job: Job, node: Node, volume: str) -> bool:
    is_left = is_old(node, volume) or (job.copies and node.id == job.source_node.id)
    return is_remainder(node, volume) or (is_left and now.site.move.remove_old)


def _others(now: Situation, job: Job) -> Iterator[tuple[str, Node]]:
    """List the hosts that are nodes, without the target."""
    for name in now.observed:
        node = node_of(now, name)
        if node and name != job.target:
            yield name, node


def _notes(now: Situation, job: Job) -> Iterator[str]:
    beside = [volume for volume in job.volumes if volume != now.site.move.volume]
    if beside:
        yield f"{_words(beside)} goes along, since a service has it on the same node"
    left = {name for name, node in _others(now, job) for volume in job.volumes if is_old(node, volume)}
    left |= {job.source} if job.copies else set()
    if left and not now.site.move.remove_old:
        yield f"an old copy stays on {_words(sorted(left))}; -e remove_old=true removes it"


def _words(names: Iterable[str]) -> str:
    return " and ".join(names)
