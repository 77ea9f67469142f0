"""Find what a host lacks beneath its engine, so that published ports or service addresses do not answer through it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ...module_utils.mesh import INGRESS
from ...module_utils.observation import Observed
from ...module_utils.observation.network import Mesh
from ...module_utils.observation.service import Service, Task

# Seconds after which a task or an engine that runs is known to all nodes: rules and load balancers come at most 18 s
# after a node is ready, on a slow host.
KNOWN_SECONDS = 60
OLD_INGRESS = "its network ingress is one that the swarm no longer has"


def faults(host: Observed, manager: Observed) -> tuple[str, ...]:
    """Say what is missing that only a start of the engine brings back; nothing of what may be on its way still.

    :param manager: that tells which tasks run where
    """
    mesh = host.mesh
    if not mesh or not _is_complete(host, manager):
        return ()
    return (
        *([] if mesh.bridge else ["its bridge docker_gwbridge is gone"]),
        # An engine keeps a network that is in use (moby, ReleaseIngress), and then takes no other one of that name.
        *([OLD_INGRESS] if host.swarm.ingress not in ("", manager.swarm.ingress) else []),
        *_ports(mesh, _services(manager).values(), manager),
        *(f"{lack.where} lacks {lack.share}" for lack in _lacking(host, manager) if lack.is_own),
    )


def absence(host: Observed, manager: Observed) -> str:
    """Say that managers have lost a node whose engine calls itself a member, ``""`` where they have not."""
    if host.swarm.state != "active" or not _has_run(host) or _state(host, manager) != "down":
        return ""
    return (
        "its engine runs, but managers take its node for down, and its tasks run elsewhere if they can; on it, run "
        "systemctl restart docker, and if that does not help, let it reach 2377/tcp of all managers"
    )


def _is_complete(host: Observed, manager: Observed) -> bool:
    """Tell whether a node is ready, and its engine has run long enough to have all that it makes."""
    return _has_run(host) and _state(host, manager) == "ready"


def _has_run(host: Observed) -> bool:
    engine = host.services.get("docker")
    return bool(engine and engine.active and host.system.time - engine.started > KNOWN_SECONDS)


def _state(host: Observed, manager: Observed) -> str:
    return next((node.state for node in manager.nodes or () if node.id == host.swarm.node_id), "")


def _services(manager: Observed) -> dict[str, Service]:
    return {
        f"{stack}_{name}": service
        for stack, running in (manager.stacks or {}).items()
        for name, service in running.services.items()
    }


def doubts(host: Observed, manager: Observed) -> tuple[str, ...]:
    """Say which tasks of other nodes a host does not lead visitors to: no start of its own brings these back."""
    return tuple(
        f"{lack.where} does not have {lack.share}, which run on other nodes; let 4789/udp, 7946/udp and 7946/tcp "
        "through between all members"
        for lack in _lacking(host, manager)
        if not lack.is_own
    )


def _ports(mesh: Mesh, services: Collection[Service], manager: Observed) -> Iterator[str]:
    if mesh.ports is None:
        return
    published = {
        port
        for service in services
        # A port that an update brings comes with its tasks.
        if service.update_state == "completed" and any(task.current for task in _known(service.tasks, manager))
        for port in service.ingress_ports
    }
    missing = sorted(published.difference(mesh.ports))
    if missing:
        yield f"no rules lead port {', '.join(map(str, missing))} to the routing mesh"


class _Lack(NamedTuple):
    """Tasks of a service that a load balancer of a host does not have.

    :ivar where: which load balancer that is
    :ivar share: how many of how many tasks, and of which service
    :ivar is_own: whether any of them is the host's own. It always has these, whatever keeps it from other nodes: only
        then its kernel has lost them
    """

    where: str
    share: str
    is_own: bool


def _lacking(host: Observed, manager: Observed) -> Iterator[_Lack]:
    if not host.mesh or not _is_complete(host, manager):
        return
    for name, service in _services(manager).items():
        known = [*_known(service.tasks, manager)] if service.has_address else []
        own = {task.id for task in known if task.node == host.swarm.node_id}
        # A host has those of an overlay network while a task of its own is in there.
        there = {space for task in known if task.id in own for space in task.addresses}
        for space in sorted({space for task in known for space in task.addresses} & {INGRESS, *there}):
            backends = host.mesh.backends.get(space, ())
            tasks = [task for task in known if space in task.addresses]
            lost = [task for task in tasks if backends is not None and task.addresses[space] not in backends]
            if lost:
                yield _Lack(
                    where=f"its load balancer of the {'routing mesh' if space == INGRESS else 'network'}",
                    share=f"{len(lost)} of {len(tasks)} tasks of {name}",
                    is_own=any(task.id in own for task in lost),
                )


def _known(tasks: Sequence[Task], manager: Observed) -> Iterator[Task]:
    """Choose the tasks that run long enough for all nodes to have been told of them."""
    since = datetime.fromtimestamp(manager.system.time, UTC) - timedelta(seconds=KNOWN_SECONDS)
    for task in tasks:
        if task.is_up and task.updated < since.strftime("%Y-%m-%dT%H:%M:%S"):
            yield task
