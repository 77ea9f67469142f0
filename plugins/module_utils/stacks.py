"""Read what a manager tells about stacks: their services, tasks and networks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from . import mesh, releases
from .engine import Engine, Item
from .observation.service import CRASHED, ENDED, Service, Task, Update
from .observation.stack import Network, Publisher, Stack
from .observation.swarm import Node
from .volumes import NAMESPACE_LABEL

# Ended tasks that are shown per service, beside the last of each place; Swarm itself keeps five per slot.
ENDED_TASKS = 5
# The error of a task whose node no longer meets the service's constraints (swarmkit, constraint enforcer).
MOVED_OFF = "assigned node no longer meets constraints"
# Seconds in which failed tasks are counted.
CRASH_SECONDS = 3600
# By it the engine tells what number Swarm gave an overlay network (moby, libnetwork).
VXLAN_OPTION = "com.docker.network.driver.overlay.vxlanid_list"


def describe(
    engine: Engine,
    names: Sequence[str],
    services: Sequence[Item],
    tasks: Sequence[Item],
    configs: Sequence[Item],
    nodes: Sequence[Node],
) -> dict[str, Stack]:
    """Describe stacks as they run, by name.

    :param services: all of the swarm, as ``GET /services`` lists them with their status
    :param tasks: of all services, as ``GET /tasks`` lists them
    :param configs: all of the swarm, as ``GET /configs`` lists them
    :param nodes: all members
    """
    if not names:
        return {}
    secrets = engine.get("/secrets")
    found: dict[str, dict[str, Service]] = {name: {} for name in names}
    open_nodes = {node.id for node in nodes if node.availability == "active" and node.state != "down"}
    for service in services:
        owner = (service["Spec"].get("Labels") or {}).get(NAMESPACE_LABEL)
        if owner in found:
            found[owner][service["Spec"]["Name"].removeprefix(f"{owner}_")] = _service(service, tasks, open_nodes)
    made = _networks(engine, names)
    return {
        name: replace(releases.describe(name, own, configs, secrets), networks=made[name])
        for name, own in found.items()
    }


def published(services: Sequence[Item]) -> dict[str, Publisher]:
    """Tell by port and protocol, such as ``53/udp``, which service publishes it.

    :param services: as ``GET /services`` lists them
    """
    found = {}
    for service in services:
        spec = service["Spec"]
        owner = (spec.get("Labels") or {}).get(NAMESPACE_LABEL, "")
        for port in (service.get("Endpoint") or {}).get("Ports") or ():
            if port.get("PublishedPort"):
                publisher = Publisher(spec["Name"], owner, port.get("PublishMode", "ingress") == "ingress")
                found[f"{port['PublishedPort']}/{port.get('Protocol', 'tcp')}"] = publisher
    return found


def _networks(engine: Engine, names: Sequence[str]) -> dict[str, dict[str, Network]]:
    """Describe the overlay networks that were made for stacks, by stack."""
    made: dict[str, dict[str, Network]] = {name: {} for name in names}
    for network in engine.get("/networks", filters={"label": [NAMESPACE_LABEL], "scope": ["swarm"]}) or ():
        owner = network["Labels"][NAMESPACE_LABEL]
        if owner in made:
            made[owner][network["Name"]] = Network(
                driver=network["Driver"],
                options={key: value for key, value in (network["Options"] or {}).items() if key != VXLAN_OPTION},
                internal=network["Internal"],
                attachable=network["Attachable"],
                subnets=tuple(pool["Subnet"] for pool in network["IPAM"]["Config"] or () if "Subnet" in pool),
            )
    return made


def _service(service: Item, tasks: Sequence[Item], open_nodes: Collection[str]) -> Service:
    own = [task for task in tasks if task["ServiceID"] == service["ID"]]
    current = [task for task in own if task["DesiredState"] == "running"]
    ended = sorted((task for task in own if task["DesiredState"] != "running"), key=lambda task: task["UpdatedAt"])
    places = _places(service, own, open_nodes)
    empty = places - {_place(task) for task in current}
    last = {_place(task): task["ID"] for task in ended if _place(task) in empty}
    shown = {*last.values(), *(task["ID"] for task in ended[-ENDED_TASKS:])}
    update = service.get("UpdateStatus") or {}
    return Service(
        id=service["ID"],
        spec=service["Spec"],
        updated=service["UpdatedAt"],
        update=Update(State=update.get("State", ""), Message=update.get("Message", "")),
        size=len(places) if _is_global(service) else (service.get("ServiceStatus") or {}).get("DesiredTasks", 0),
        ports=tuple(port["PublishedPort"] for port in service.get("Endpoint", {}).get("Ports") or ()),
        tasks=tuple(_task(task, service) for task in [*current, *(task for task in ended if task["ID"] in shown)]),
        crashes=_crashes(service, own),
    )


def _places(service: Item, tasks: Sequence[Item], open_nodes: Collection[str]) -> set[object]:
    """Return where a service has tasks: its slots, or the nodes of a global one.

    How many a global one should have, Swarm tells by those that are to run at this moment (swarmkit,
    ListServiceStatuses). A task that waits to be started again is none of them, and neither is one that Swarm gave up,
    so a service that only crashes would be at its size of 0.
    """
    if not _is_global(service):
        return {_place(task) for task in tasks}
    desired = {_place(task) for task in tasks if task["DesiredState"] in ("running", "ready")}
    newest = {_place(task): task for task in sorted(tasks, key=lambda task: task["UpdatedAt"])}
    given_up = {node for node, task in newest.items() if node in open_nodes and _is_given_up(task, service)}
    return desired | given_up


def _is_global(service: Item) -> bool:
    return "Global" in (service["Spec"].get("Mode") or {})


def _is_given_up(task: Item, service: Item) -> bool:
    """Tell whether Swarm starts no other task after this one, the last on a node that may still have one.

    A node may have none any more where the service got other constraints since, or the node other labels.
    """
    spec, status = service["Spec"]["TaskTemplate"], task["Status"]
    restart = spec.get("RestartPolicy") or {}
    is_limited = restart.get("Condition", "any") != "any" or bool(restart.get("MaxAttempts"))
    is_newest = _essence(task["Spec"]) == _essence(spec) and task["Spec"].get("Placement") == spec.get("Placement")
    return is_limited and is_newest and status["State"] in ENDED and status.get("Err") != MOVED_OFF


def _place(task: Item) -> object:
    return task.get("Slot") or task.get("NodeID")


def _crashes(service: Item, tasks: Sequence[Item]) -> int:
    since = max(service["UpdatedAt"], time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - CRASH_SECONDS)))
    crashed = [task for task in tasks if task["Status"]["State"] == CRASHED and task["Status"]["Timestamp"] >= since]
    places = Counter(map(_place, crashed))
    return max(places.values(), default=0)


def _task(task: Item, service: Item) -> Task:
    return Task(
        id=task["ID"],
        slot=task.get("Slot", 0),
        node=task.get("NodeID", ""),
        desired=task["DesiredState"],
        state=task["Status"]["State"],
        message=task["Status"].get("Message", ""),
        error=task["Status"].get("Err", ""),
        updated=task["UpdatedAt"],
        since=task["Status"]["Timestamp"],
        # Its own: the service may have been rolled back to another one.
        limit_mib=((task["Spec"].get("Resources") or {}).get("Limits") or {}).get("MemoryBytes", 0) // 2**20,
        # A task of an older spec still runs while an update replaces it.
        current=_essence(task["Spec"]) == _essence(service["Spec"]["TaskTemplate"]),
        addresses=_addresses(task),
    )


def _addresses(task: Item) -> dict[str, str]:
    found = {}
    for attachment in task.get("NetworksAttachments") or ():
        network = attachment["Network"]
        place = mesh.namespace(network["ID"], is_ingress=bool(network["Spec"].get("Ingress")))
        for address in attachment.get("Addresses") or ():
            if ":" not in address:
                found[place] = address.partition("/")[0]
    return found


def _essence(spec: Item) -> Item:
    """Leave out of a task's spec what Swarm replaces no task for: where else it might run (swarmkit, IsTaskDirty)."""
    return dict(spec, Runtime=None, Placement=None)
