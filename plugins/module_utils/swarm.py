"""Read what an engine tells about its swarm: membership, nodes, an eviction; and all that managers tell."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from . import lock, releases, stacks, volumes
from .engine import Engine, EngineError, Item
from .host import read_text
from .observation import swarm as types
from .observation.host import Lock
from .observation.stack import Publisher, Stack
from .observation.swarm import DATA_PORT, Eviction, Node, Place

DAEMON_CONFIG = "/etc/docker/daemon.json"
DATA_ROOT = "/var/lib/docker"
# States in which a task does nothing any more (https://docs.docker.com/engine/swarm/how-swarm-mode-works/swarm-task-states/).
ENDED = ("complete", "failed", "shutdown", "rejected", "orphaned", "remove")
LOG_LINES = 15
# Name of the config whose labels note an eviction until it has ended.
EVICTION = "flotilla_eviction"
# In which managers have another leader after theirs was lost; swarmkit needs 10 to 20 from the last sign of it.
ELECTION_SECONDS = 30


def membership(info: Item) -> Place:
    """Extract this engine's place in a swarm from ``GET /info``."""
    swarm = info.get("Swarm", {})
    cluster = swarm.get("Cluster") or {}
    return Place(
        state=swarm.get("LocalNodeState", "inactive"),
        node_id=swarm.get("NodeID", ""),
        address=swarm.get("NodeAddr", ""),
        manager=bool(swarm.get("ControlAvailable")),
        error=swarm.get("Error", ""),
        cluster_id=cluster.get("ID", ""),
        autolock=bool(cluster.get("Spec", {}).get("EncryptionConfig", {}).get("AutoLockManagers")),
        data_port=cluster.get("DataPathPort") or DATA_PORT,
    )


def ask(engine: Engine, seconds: float = ELECTION_SECONDS) -> Item | None:
    """Ask an engine for ``GET /info``; again while it is about to join, or is a manager without a leader.

    Both pass by themselves after hosts have booted, or never will.

    :param seconds: for which it is asked again
    :return: the answer, ``None`` where no engine answers
    """
    end = time.monotonic() + seconds
    while True:
        try:
            info: Item = engine.get("/info")
        except EngineError:
            return None
        found = membership(info)
        passing = found.state == "pending" or (found.manager and not found.cluster_id)
        if not passing or time.monotonic() > end:
            return info
        time.sleep(2)


def silent() -> Place:
    """Describe the place of an engine that does not answer: whether it will be in a swarm again as soon as it runs."""
    try:
        root = json.loads(read_text(DAEMON_CONFIG) or "{}").get("data-root", DATA_ROOT)
    except ValueError:
        root = DATA_ROOT
    return Place(state="stopped") if os.path.exists(f"{root}/swarm/docker-state.json") else Place()


def nodes(engine: Engine, tasks: Sequence[Item]) -> tuple[Node, ...]:
    """List the swarm's members as a manager sees them.

    :param tasks: of all services, as ``GET /tasks`` lists them
    """
    alive = Counter(task.get("NodeID") for task in tasks if task["Status"]["State"] not in ENDED)
    return tuple(
        Node(
            id=node["ID"],
            hostname=node["Description"].get("Hostname", ""),
            engine=node["Description"].get("Engine", {}).get("EngineVersion", ""),
            address=node["Status"].get("Addr", ""),
            state=node["Status"]["State"],
            role=node["Spec"]["Role"],
            availability=node["Spec"]["Availability"],
            labels=node["Spec"].get("Labels") or {},
            tasks=alive[node["ID"]],
            leader=bool((node.get("ManagerStatus") or {}).get("Leader")),
            reachability=(node.get("ManagerStatus") or {}).get("Reachability", ""),
        )
        for node in engine.get("/nodes")
    )


def _eviction(configs: Sequence[Item]) -> Eviction | None:
    """Return the eviction that is noted."""
    config = next((config for config in configs if config["Spec"]["Name"] == EVICTION), None)
    if config is None:
        return None
    noted = config["Spec"].get("Labels") or {}
    return Eviction(
        host=noted.get("flotilla.host", ""),
        address=noted.get("flotilla.address", ""),
        node=noted.get("flotilla.node", ""),
        manager=noted.get("flotilla.manager") == "true",
        created=config["CreatedAt"],
    )


def _ingress(engine: Engine) -> str:
    """Return the ID of the network of published ports, as this engine has it; also after the swarm has lost it."""
    try:
        networks = engine.get("/networks", filters={"scope": ["swarm"]}) or ()
    except EngineError:
        return ""
    return next((str(network["Id"]) for network in networks if network.get("Ingress")), "")


def _logs(engine: Engine, task: str) -> tuple[str, ...]:
    try:
        return tuple(engine.get_logs(f"/tasks/{task}/logs", LOG_LINES))
    except EngineError as error:
        return (f"(no log: {error.message})",)


@dataclass(frozen=True)
class EngineObservation:
    """What is observed of this host's engine and its swarm; for its fields see ``Observed``."""

    engine: types.Engine | None
    swarm: Place
    volumes: dict[str, dict[str, bool]]
    lock: Lock
    filled_volumes: tuple[str, ...] = ()
    untouched_volumes: dict[str, float] = field(default_factory=dict)
    nodes: tuple[Node, ...] | None = None
    stacks: dict[str, Stack] | None = None
    published: dict[str, Publisher] = field(default_factory=dict)
    eviction: Eviction | None = None
    kept_stacks: tuple[str, ...] = ()
    image_names: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()


def observe(engine: Engine, info: Item | None, stack_names: Sequence[str] = (), task: str = "") -> EngineObservation:
    """Read engine and swarm of this host.

    :param info: the engine's answer to ``GET /info``, ``None`` where it did not answer
    :param stack_names: the stacks that managers describe as well
    :param task: ID of a task whose last log lines are read
    """
    if info is None:
        return EngineObservation(engine=None, swarm=silent(), volumes={}, lock=lock.read())
    own = EngineObservation(
        engine=types.Engine(version=info.get("ServerVersion", ""), root=info.get("DockerRootDir", DATA_ROOT)),
        swarm=replace(membership(info), ingress=_ingress(engine)),
        volumes=volumes.of_stacks(engine, stack_names),
        lock=lock.read(),
        filled_volumes=volumes.filled(engine),
        untouched_volumes=volumes.untouched(engine, volumes.mounts()),
    )
    if not own.swarm.manager:
        return own
    try:
        services, tasks, configs = engine.get("/services", status="true"), engine.get("/tasks"), engine.get("/configs")
        members = nodes(engine, tasks)
        return replace(
            own,
            lock=lock.read(next((config for config in configs if config["Spec"]["Name"] == lock.NAME), None)),
            nodes=members,
            stacks=stacks.describe(engine, stack_names, services, tasks, configs, members),
            published=stacks.published(services),
            eviction=_eviction(configs),
            kept_stacks=releases.owners(configs, services),
            image_names=releases.image_names(services, configs),
            logs=_logs(engine, task) if task else (),
        )
    except EngineError as error:
        # A manager without quorum tells that it is one, and nothing else.
        return replace(own, swarm=replace(own.swarm, error=error.message))
