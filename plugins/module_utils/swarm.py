"""Read what an engine knows about its swarm: membership, nodes, and one stack's services, tasks and releases."""

from __future__ import annotations

import json
import os
import time
from collections import Counter

from . import lock, releases
from .engine import EngineError
from .host import read_text

DAEMON_CONFIG = "/etc/docker/daemon.json"
DATA_ROOT = "/var/lib/docker"
NAMESPACE_LABEL = "com.docker.stack.namespace"
# Entries of a volume that are no data of the stack: the file system's own, and what a restore that was cut short left
# (see role backup).
NO_DATA = {"lost+found", "flotilla-restore"}
# Ended tasks that are shown per service; Swarm itself keeps five per slot.
ENDED_TASKS = 5
# States in which a task does nothing any more (https://docs.docker.com/engine/swarm/how-swarm-mode-works/swarm-task-states/).
ENDED = ("complete", "failed", "shutdown", "rejected", "orphaned", "remove")
LOG_LINES = 15
# In which managers have another leader after theirs was lost; swarmkit needs 10 to 20 from the last sign of it.
ELECTION_SECONDS = 30


def membership(info):
    """Extract this engine's place in a swarm from ``GET /info``.

    :return: dict with ``state`` (``inactive``, ``pending``, ``active``, ``error`` or ``locked``), ``node_id``,
        ``address``, ``manager`` (bool), ``error`` and ``cluster_id`` (managers only, else ``""``)
    """
    swarm = info.get("Swarm", {})
    return {
        "state": swarm.get("LocalNodeState", "inactive"),
        "node_id": swarm.get("NodeID", ""),
        "address": swarm.get("NodeAddr", ""),
        "manager": bool(swarm.get("ControlAvailable")),
        "error": swarm.get("Error", ""),
        "cluster_id": (swarm.get("Cluster") or {}).get("ID", ""),
    }


def ask(engine, seconds=ELECTION_SECONDS):
    """Ask an engine for ``GET /info``; again while it is about to join, or is a manager without a leader.

    Both pass by themselves after hosts have booted, or never will.

    :param seconds: for which it is asked again
    :return: the answer, ``None`` where no engine answers
    """
    end = time.monotonic() + seconds
    while True:
        try:
            info = engine.get("/info")
        except EngineError:
            return None
        found = membership(info)
        passing = found["state"] == "pending" or (found["manager"] and not found["cluster_id"])
        if not passing or time.monotonic() > end:
            return info
        time.sleep(2)


def stopped():
    """Tell whether an engine that does not answer will be in a swarm again as soon as it runs.

    :return: ``{"state": "stopped"}`` or ``{}``
    """
    try:
        root = json.loads(read_text(DAEMON_CONFIG) or "{}").get("data-root", DATA_ROOT)
    except ValueError:
        root = DATA_ROOT
    return {"state": "stopped"} if os.path.exists(f"{root}/swarm/docker-state.json") else {}


def volumes(engine, stack_name):
    """Tell by name of each of a stack's volumes on this host whether there is anything in it."""
    found = engine.get("/volumes", filters={"label": [f"{NAMESPACE_LABEL}={stack_name}"]})
    return {volume["Name"]: _is_filled(volume.get("Mountpoint")) for volume in found["Volumes"] or []}


def _is_filled(folder):
    """Tell whether a volume's folder has data; a volume without a folder of this host is its driver's affair."""
    try:
        return bool({*os.listdir(folder)} - NO_DATA) if folder else True
    except FileNotFoundError:
        return False


def nodes(engine, tasks):
    """List the swarm's members as a manager sees them.

    :param tasks: of all services, as ``GET /tasks`` lists them
    """
    alive = Counter(task.get("NodeID") for task in tasks if task["Status"]["State"] not in ENDED)
    return [
        {
            "id": node["ID"],
            "hostname": node["Description"].get("Hostname", ""),
            "engine": node["Description"].get("Engine", {}).get("EngineVersion", ""),
            "address": node["Status"].get("Addr", ""),
            "state": node["Status"]["State"],
            "role": node["Spec"]["Role"],
            "availability": node["Spec"]["Availability"],
            "labels": node["Spec"].get("Labels") or {},
            # Of all services, also of those that are not ours.
            "tasks": alive[node["ID"]],
            "leader": bool((node.get("ManagerStatus") or {}).get("Leader")),
            "reachability": (node.get("ManagerStatus") or {}).get("Reachability", ""),
        }
        for node in engine.get("/nodes")
    ]


def stack(engine, name, tasks, configs):
    """Describe one stack as it runs.

    :param tasks: of all services, as ``GET /tasks`` lists them
    :param configs: all of the swarm, as ``GET /configs`` lists them
    :return: dict with ``services`` (by name without the stack's prefix) and all that ``releases.objects`` tells
    """
    in_stack = {"label": [f"{NAMESPACE_LABEL}={name}"]}
    return {
        "services": {
            service["Spec"]["Name"].removeprefix(f"{name}_"): _service(service, tasks)
            for service in engine.get("/services", filters=in_stack, status="true")
        },
        **releases.objects(configs, engine.get("/secrets"), name),
    }


def _service(service, tasks):
    own = [task for task in tasks if task["ServiceID"] == service["ID"]]
    wanted = [task for task in own if task["DesiredState"] == "running"]
    ended = sorted((task for task in own if task["DesiredState"] != "running"), key=lambda task: task["UpdatedAt"])
    return {
        "id": service["ID"],
        "spec": service["Spec"],
        "updated": service["UpdatedAt"],
        "update": service.get("UpdateStatus") or {},
        "size": (service.get("ServiceStatus") or {}).get("DesiredTasks", 0),
        "ports": [port["PublishedPort"] for port in service.get("Endpoint", {}).get("Ports") or []],
        "tasks": [_task(task, service) for task in wanted + ended[-ENDED_TASKS:]],
    }


def _task(task, service):
    return {
        "id": task["ID"],
        "slot": task.get("Slot", 0),
        "node": task.get("NodeID", ""),
        "desired": task["DesiredState"],
        "state": task["Status"]["State"],
        "message": task["Status"].get("Message", ""),
        "error": task["Status"].get("Err", ""),
        "updated": task["UpdatedAt"],
        # Its own: the service may have been rolled back to another one.
        "limit_mib": ((task["Spec"].get("Resources") or {}).get("Limits") or {}).get("MemoryBytes", 0) // 2**20,
        # A task of an older spec still runs while an update replaces it.
        "current": _essence(task["Spec"]) == _essence(service["Spec"]["TaskTemplate"]),
    }


def _essence(spec):
    """Leave out of a task's spec what Swarm replaces no task for: where else it might run (swarmkit, IsTaskDirty)."""
    return dict(spec, Runtime=None, Placement=None)


def _logs(engine, task):
    try:
        return engine.get_logs(f"/tasks/{task}/logs", LOG_LINES)
    except EngineError as error:
        return [f"(no log: {error.message})"]


def observe(engine, info, stack_name="", task=""):
    """Read engine and swarm of this host.

    :param engine: ``Engine``
    :param info: its answer to ``GET /info``, ``None`` where it did not answer
    :param stack_name: the stack that managers describe as well
    :param task: ID of a task whose last log lines are read
    :return: dict with ``engine`` (``None`` when no engine answers, else its version and warnings), ``swarm``
        (see ``membership``, ``stopped``), ``volumes``, ``lock`` (see ``lock.look``), and on managers ``nodes``,
        ``stack`` and ``logs``
    """
    if info is None:
        return {"engine": None, "swarm": dict(membership({}), **stopped()), "volumes": {}, "lock": lock.look()}
    seen = {
        "engine": {"version": info.get("ServerVersion", ""), "warnings": info.get("Warnings") or []},
        "swarm": membership(info),
        "volumes": volumes(engine, stack_name),
        "lock": lock.look(),
    }
    if seen["swarm"]["manager"]:
        try:
            tasks, configs = engine.get("/tasks"), engine.get("/configs")
            seen["lock"] = lock.describe(next((c for c in configs if c["Spec"]["Name"] == lock.NAME), None))
            seen["nodes"] = nodes(engine, tasks)
            if stack_name:
                seen["stack"] = stack(engine, stack_name, tasks, configs)
            if task:
                seen["logs"] = _logs(engine, task)
        except EngineError as error:
            # A manager without quorum knows that it is one, and nothing else.
            seen["swarm"]["error"] = error.message
    return seen
