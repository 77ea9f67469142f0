"""Run a command once in a task of its own: with the image, networks, secrets, mounts and environment of a service.

It is a job of the swarm (https://docs.docker.com/reference/cli/docker/service/create/#running-as-a-job), which is
removed when it ends, however it ends.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .engine import Engine

# By it a job is known as one of flotilla's, and not as a service of the stack.
LABEL = "flotilla.run"
ENDED = ("complete", "failed", "rejected", "orphaned", "remove", "shutdown")
LINES = 100_000
PAUSE = 1


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
    template.update(ContainerSpec=container, RestartPolicy={"Condition": "none"}, ForceUpdate=0)
    return {
        "Name": name,
        "Labels": {LABEL: str(spec["Name"])},
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
    job = engine.post("/services/create", job_spec(spec, name, argv), login=login)["ID"]
    try:
        return _follow(engine, job, time.monotonic() + seconds)
    finally:
        engine.delete(f"/services/{job}")


def _follow(engine: Engine, job: str, end: float) -> Ended:
    while True:
        tasks = engine.get("/tasks", filters={"service": [job]})
        status: Mapping[str, Any] = tasks[0]["Status"] if tasks else {}
        if status.get("State") in ENDED:
            lines = engine.get_logs(f"/services/{job}/logs", LINES)
            code = (status.get("ContainerStatus") or {}).get("ExitCode", -1)
            started = bool((status.get("ContainerStatus") or {}).get("ContainerID"))
            return Ended(code if started else -1, lines, "" if started else str(status.get("Err", "")))
        if time.monotonic() > end:
            waits = status.get("Err") or status.get("Message") or "no task of it"
            return Ended(-1, engine.get_logs(f"/services/{job}/logs", LINES), f"it took too long: {waits}")
        time.sleep(PAUSE)
