"""Find what a host lacks beneath its engine, so that published ports or service addresses do not answer through it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from ...module_utils.mesh import INGRESS
from ...module_utils.observation import Observed
from ...module_utils.observation.network import Mesh
from ...module_utils.observation.stack import Service, Task

# Seconds after which a task or an engine that runs is known to all nodes: rules and load balancers come at most 18 s
# after a node is ready, on a slow host.
KNOWN_SECONDS = 60
OLD_INGRESS = "its network ingress is one that the swarm no longer has"


def faults(host: Observed, manager: Observed) -> tuple[str, ...]:
    """Say what is missing that only a start of the engine brings back; nothing of what may be on its way still.

    :param manager: that tells which tasks run where
    """
    mesh, engine = host.mesh, host.services.get("docker")
    known = engine and engine.active and host.system.time - engine.started > KNOWN_SECONDS
    if not mesh or not known or not _is_ready(host, manager):
        return ()
    services = {
        f"{stack}_{name}": service
        for stack, running in (manager.stacks or {}).items()
        for name, service in running.services.items()
    }
    return (
        *([] if mesh.bridge else ["its bridge docker_gwbridge is gone"]),
        # An engine keeps a network that is in use (moby, ReleaseIngress), and then takes no other one of that name.
        *([OLD_INGRESS] if host.swarm.ingress not in ("", manager.swarm.ingress) else []),
        *_ports(mesh, services.values(), manager),
        *(text for name, service in services.items() for text in _tasks(mesh, name, service, host, manager)),
    )


def _is_ready(host: Observed, manager: Observed) -> bool:
    return any(node.id == host.swarm.node_id and node.state == "ready" for node in manager.nodes or ())


def _ports(mesh: Mesh, services: Collection[Service], manager: Observed) -> Iterator[str]:
    if mesh.ports is None:
        return
    published = {port for service in services if any(_known(service.tasks, manager)) for port in service.ingress_ports}
    missing = sorted(published.difference(mesh.ports))
    if missing:
        yield f"no rules lead port {', '.join(map(str, missing))} to the routing mesh"


def _tasks(mesh: Mesh, name: str, service: Service, host: Observed, manager: Observed) -> Iterator[str]:
    """Say which tasks of a service the host's load balancers lack."""
    known = [*_known(service.tasks, manager)] if service.has_address else []
    # A host has those of an overlay network while a task of its own is in there.
    there = {space for task in known if task.node == host.swarm.node_id for space in task.addresses}
    for space in sorted({space for task in known for space in task.addresses} & {INGRESS, *there}):
        expected = {task.addresses[space] for task in known if space in task.addresses}
        missing = expected.difference(mesh.backends.get(space, ()))
        if missing:
            what = "routing mesh" if space == INGRESS else "network"
            yield f"its load balancer of the {what} lacks {len(missing)} of {len(expected)} tasks of {name}"


def _known(tasks: Sequence[Task], manager: Observed) -> Iterator[Task]:
    """Choose the tasks that run long enough for all nodes to have been told of them."""
    since = datetime.fromtimestamp(manager.system.time, UTC) - timedelta(seconds=KNOWN_SECONDS)
    for task in tasks:
        if task.is_up and task.updated < since.strftime("%Y-%m-%dT%H:%M:%S"):
            yield task
