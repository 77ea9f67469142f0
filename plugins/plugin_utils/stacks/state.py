"""Compare a stack with what runs, and judge whether it has converged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...module_utils.observation.service import ENDED, FAILED, Service, Task
from ...module_utils.observation.stack import Record, Stack
from . import specs


def differences(definition: str, observed: Stack | None) -> list[str]:
    """Say in which ways the running stack differs from the desired one.

    :param definition: text of the rendered stack file
    :return: empty when there is nothing to deploy
    """
    if not observed or not observed.record:
        return ["deploy it: no record of it" if observed and observed.services else "deploy it for the first time"]
    changed = ["apply the changed stack file"] if observed.record.file != definition else []
    return [*changed, *_drift(observed.record, observed.services)]


def _drift(record: Record, services: Mapping[str, Service]) -> Iterator[str]:
    for name in sorted(record.specs.keys() | services.keys()):
        if name not in services:
            yield f"bring back service {name}"
        elif name not in record.specs:
            yield f"remove service {name}, which the stack file does not have"
        else:
            changes = list(_spec_changes(record.specs[name], services[name].spec))
            if changes:
                yield f"set service {name} right ({'; '.join(changes)})"


def _spec_changes(applied: Mapping[str, object], live: Mapping[str, object], path: str = "") -> Iterator[str]:
    """Yield the leaves in which two service specs differ, as ``"Mode.Replicated.Replicas is 3, expected 5"``.

    Of what may be secret, it is told how it becomes right again, as ``"TaskTemplate.ContainerSpec.Env: X goes"``.
    """
    for key in sorted(applied.keys() | live.keys()):
        # A forced update restarts tasks and changes nothing else.
        if key == "ForceUpdate":
            continue
        one, other, name = applied.get(key), live.get(key), f"{path}{key}"
        if one != other and (text := specs.without_values(name, other, one)):
            yield f"{name}: {text}"
        elif isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from _spec_changes(one, other, f"{name}.")
        elif one != other:
            yield f"{name} is {other}, expected {one}"


# Tasks in one place that ended in a row and in the same way. Swarm keeps five of the past (task history limit).
FAILURES = 4


@dataclass(frozen=True, slots=True)
class Trouble:
    """A task that explains a failure or a delay, its service, and how many failed in the same way."""

    service: str
    task: Task
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Convergence:
    """How far a stack is.

    :ivar done: every service runs at its size with its newest spec and no update is under way; a job's tasks may have
        ended with success instead
    :ivar failure: why it will not get there, ``""`` while it still may
    :ivar stale: services with tasks of an older spec, or with two in one place, though no update is under way; this
        state stays when an update was replaced half-way, by an equal one (a deploy that was interrupted and run again)
        or by the way back, and a further deploy ends it
    :ivar sizes: by service, ``"running/desired"``
    :ivar homeless: services with a task that no node can take now
    :ivar looping: services with a task that is started again and again and ends each time in the same way
    :ivar succeeding: those of them whose tasks end with success, as a job's do
    """

    done: bool
    failure: str = ""
    stale: tuple[str, ...] = ()
    sizes: Mapping[str, str]
    trouble: Trouble | None = None
    homeless: tuple[str, ...] = ()
    looping: tuple[str, ...] = ()
    succeeding: tuple[str, ...] = ()


def judge(services: Mapping[str, Service], skip_wait_for: Collection[str] = ()) -> Convergence:
    """Judge whether a stack has converged.

    :param skip_wait_for: names of services that are not waited for, since the one host that they can run on is away
    """
    waited = {name: service for name, service in services.items() if name not in skip_wait_for}
    unfinished = {name: service for name, service in waited.items() if not _is_finished(service)}
    failures = [text for name, service in unfinished.items() if (text := _failure(name, service))]
    looping = tuple(name for name, service in unfinished.items() if _is_looping(service))
    # What fails again and again explains more than what waits for it.
    order = sorted(unfinished.items(), key=lambda entry: entry[0] in looping)
    troubles = [found for name, service in order if (found := _trouble(name, service))]
    return Convergence(
        done=bool(services) and not unfinished,
        failure=failures[-1] if failures else "",
        stale=tuple(name for name, service in waited.items() if _is_stale(service)),
        sizes={name: f"{_there(service)}/{service.size}" for name, service in waited.items()},
        trouble=troubles[-1] if troubles else None,
        homeless=tuple(name for name, service in waited.items() if any(map(_is_homeless, service.tasks))),
        looping=looping,
        succeeding=tuple(name for name in looping if _is_succeeding(unfinished[name])),
    )


def _current(service: Service) -> list[Task]:
    return [task for task in service.tasks if task.is_up and task.current]


def _running(service: Service) -> list[Task]:
    return [task for task in service.tasks if task.is_up]


def _there(service: Service) -> int:
    """Count the tasks of its newest spec that run, or have ended as a job's do."""
    return len(_current(service)) + service.ended


def _is_finished(service: Service) -> bool:
    is_renewed = len(_running(service)) == len(_current(service))
    return is_renewed and _there(service) == service.size and service.update_state == "completed"


def _is_stale(service: Service) -> bool:
    running = _running(service)
    crowded = len({task.place for task in running}) < len(running)
    old = len(_current(service)) == service.size < len(running)
    return (crowded or old) and service.update_state == "completed"


def _is_homeless(task: Task) -> bool:
    return task.desired == "running" and task.state == "pending" and bool(task.error)


def _is_looping(service: Service) -> bool:
    """Tell whether tasks have ended as often as makes a pattern, with none of their place that runs.

    While an update is under way, Swarm itself counts failures and gives it up.
    """
    return service.update_state == "completed" and any(_loops(service))


def _is_succeeding(service: Service) -> bool:
    return all(task.state == "complete" for task in _loops(service))


def _loops(service: Service) -> Iterator[Task]:
    """Yield the last task of each place whose tasks end again and again in the same way."""
    places: dict[object, list[Task]] = {}
    for task in service.tasks:
        places.setdefault(task.place, []).append(task)
    for tasks in places.values():
        ended = [task for task in tasks if task.updated >= service.updated and task.state in ENDED]
        last = sorted(ended, key=lambda task: task.updated)[-FAILURES:]
        # One that waits for a node, such as one that boots, is not about to be started.
        if len(last) == FAILURES and _is_alike(last) and not any(task.is_up or _is_homeless(task) for task in tasks):
            yield last[-1]


def _is_alike(tasks: Sequence[Task]) -> bool:
    """Tell whether tasks have all ended in one way that is told: by the same error, or with success."""
    ways = {(task.state, task.error) for task in tasks}
    return len(ways) == 1 and any(error or state == "complete" for state, error in ways)


def _was_given_up(service: Service) -> bool:
    return service.update_state.startswith("rollback") or service.update_state == "paused"


def _failure(name: str, service: Service) -> str:
    """Say why a service will not get there, ``""`` while it still may."""
    if _was_given_up(service):
        return f"{name}: {service.update.Message or service.update_state}"
    ends = {task.state for task in service.given_up} if service.update_state == "completed" else set()
    if ends & set(FAILED):
        return f"{name}: its task failed, and Swarm starts no other one"
    if "complete" in ends and not service.ended:
        return f'{name}: its task ended with success, and Swarm starts no other one; a job has restart: "no"'
    return ""


def _trouble(name: str, service: Service) -> Trouble | None:
    """Find the task that explains why a service is not as it should be, and count its like."""
    failed = [task for task in service.tasks if task.error or task.state in FAILED]
    # What failed before the service was last changed has other reasons; but giving an update up is a change, too. Then
    # the update may name the task that ended it, and else it is one of the spec that was given up.
    candidates = [task for task in failed if task.updated >= service.updated]
    if _was_given_up(service):
        named = [task for task in failed if task.id in service.update.Message]
        candidates = named or [task for task in failed if not task.current] or failed
    if not candidates:
        return None
    waiting = [task for task in candidates if task.state == "pending"]
    newest = max(waiting or candidates, key=lambda task: task.updated)
    return Trouble(name, newest, Counter(task.error for task in failed)[newest.error])
