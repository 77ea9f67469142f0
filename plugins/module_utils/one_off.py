"""Run a command once in a task of its own: with the image, networks, secrets, mounts and environment of a service.

It is a job of the swarm (https://docs.docker.com/reference/cli/docker/service/create/#running-as-a-job), which is
removed when it ends, however it ends.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .engine import Engine, EngineError
from .releases import DATA_LABEL

# By it a job is known as one of flotilla's, and not as a service of the stack.
LABEL = "flotilla.run"
ENDED = ("failed", "rejected", "orphaned", "remove", "shutdown")
LINES = 100_000
PAUSE = 1
# Whoever waits for a job reads how it ended within seconds; what is there later has lost the manager that waited.
LEFT = 3600  # seconds


@dataclass(frozen=True)
class Ended:
    """How a task ended.

    :ivar code: exit code, ``-1`` where the command was never started
    :ivar error: the engine's words where it was not, or took too long
    """

    code: int
    lines: Sequence[str]
    error: str


def job_spec(spec: Mapping[str, Any], name: str, argv: Sequence[str]) -> dict[str, Any]:
    """Make the spec of a job from that of a service.

    The command takes the place of the service's own, behind the entrypoint of service or image, as with ``docker
    compose run``. Ports and checks stay away.

    :param name: of the job
    """
    template = dict(spec["TaskTemplate"])
    container = {**template["ContainerSpec"], "Args": list(argv), "Healthcheck": {"Test": ["NONE"]}}
    # By its aliases others would reach this task, too.
    networks = [{**network, "Aliases": []} for network in template.get("Networks") or ()]
    template.update(ContainerSpec=container, RestartPolicy={"Condition": "none"}, Networks=networks, ForceUpdate=0)
    kept = {DATA_LABEL: spec["Labels"][DATA_LABEL]} if DATA_LABEL in (spec.get("Labels") or {}) else {}
    return {
        "Name": name,
        "Labels": {LABEL: str(spec["Name"]), **kept},
        "TaskTemplate": template,
        "Mode": {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}},
    }


def run(engine: Engine, service: str, name: str, argv: Sequence[str], login: Mapping[str, str], seconds: int) -> Ended:
    """Run a command once, and remove its job.

    :param service: full name
    :param login: of the image's registry, for the node that the task is on; empty for none
    :param seconds: that it may take
    :raise EngineError: the engine refuses
    """
    spec = engine.get(f"/services/{service}")["Spec"]
    remove_left(engine, time.time())
    job = engine.post("/services/create", job_spec(spec, name, argv), login=login)["ID"]
    try:
        return _follow(engine, job, time.monotonic() + seconds)
    finally:
        engine.delete(f"/services/{job}")


def remove_left(engine: Engine, now: float) -> None:
    """Remove jobs that ended long ago, and that a manager which was killed meanwhile has not removed.

    :param now: seconds since 1970
    """
    for job in engine.get("/services", filters={"label": [LABEL]}):
        status = _status(engine, job["ID"])
        if status.get("State") in ("complete", *ENDED) and now - _seconds(status["Timestamp"]) > LEFT:
            engine.delete(f"/services/{job['ID']}")


def _seconds(timestamp: str) -> float:
    """Return a time of the engine, which is in UTC, in seconds since 1970."""
    return datetime.fromisoformat(f"{timestamp[:19]}+00:00").timestamp()


def _follow(engine: Engine, job: str, end: float) -> Ended:
    while True:
        status = _status(engine, job)
        state, container = status.get("State"), status.get("ContainerStatus") or {}
        said = status.get("Err") or status.get("Message") or "no task of it"
        if state == "complete":
            return Ended(0, _lines(engine, job), "")
        if state == "failed" and container.get("ExitCode"):
            return Ended(container["ExitCode"], _lines(engine, job), "")
        if state in ENDED:
            return Ended(-1, _lines(engine, job), f"{state}: {said}")
        if time.monotonic() > end:
            return Ended(-1, _lines(engine, job), f"it took too long: {said}")
        time.sleep(PAUSE)


def _status(engine: Engine, job: str) -> Mapping[str, Any]:
    """Return the status of a job's task; a manager that loses its leader does not answer for a while."""
    try:
        tasks = engine.get("/tasks", filters={"service": [job]})
    except EngineError as error:
        return {"Message": error.message}
    return tasks[0]["Status"] if tasks else {}


def _lines(engine: Engine, job: str) -> list[str]:
    """Read what the command printed; that it cannot be read changes nothing about how it ended."""
    try:
        return engine.get_logs(f"/services/{job}/logs", LINES)
    except EngineError as error:
        return [f"(what it printed cannot be read: {error.message})"]
