"""Tell which volumes are on the disk of one node, and what else a project's volumes are in a swarm."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from ..model.problem import first_of
from .notes import Notes, plain

# What Swarm fills in for each task, as in {{.Task.Slot}}.
TEMPLATE = "{{"
OF_EACH_TASK = (
    "each task has the volume of that name on the node where it runs, and nothing holds it there: on another node it "
    "begins with an empty one; hold the service with a placement constraint, or give the volume one plain name"
)
OF_EACH_NODE = "each node has a folder of its own there, which must exist on all nodes that the service may run on"
# Constraints that a user names nodes by; those on roles and platforms leave Swarm a choice.
OF_A_NODE = re.compile(r"node\.(id|hostname|labels\.\S+?)\s*==")


def is_pinned(volume: Mapping[str, Any], deploy: Mapping[str, Any]) -> bool:
    """Tell whether a volume is on the disk of one node, whose service so stays there.

    One with a driver, or with options such as those of NFS, several nodes share. A global service has a volume on each
    node, as it has a task there. Of one that the stack does not make, nothing says where it is. One with a template in
    its name is as many volumes as there are names.

    :param volume: its entry in ``volumes``
    """
    is_local = volume.get("driver", "local") == "local" and not volume.get("driver_opts")
    is_one = not volume.get("external") and TEMPLATE not in str(volume.get("name"))
    return is_local and is_one and deploy.get("mode") != "global"


def judge_volumes(volumes: Mapping[str, Mapping[str, Any]], folder: str, notes: Notes) -> None:
    """Judge volumes that are only another name for a folder of each node, or have a name for each task.

    :param folder: the project's
    """
    for name, volume in volumes.items():
        options = volume.get("driver_opts") or {}
        if TEMPLATE in str(volume.get("name")):
            notes.warn(f"volumes.{name}.name", OF_EACH_TASK)
        if "bind" in str(options.get("o", "")).split(","):
            key, device = f"volumes.{name}.driver_opts", plain(str(options.get("device", "")))
            if PurePath(device).is_relative_to(folder):
                fix = "Leave driver_opts out: a volume without them holds its service on the node that has its data"
                notes.refuse(key, f"{device}, a folder of the project, which nodes do not have", fix)
            else:
                notes.warn(key, f"{device}: {OF_EACH_NODE}")


def judge_external(
    volumes: Mapping[str, Mapping[str, Any]], services: Mapping[str, Mapping[str, Any]], notes: Notes
) -> None:
    """Tell which services may leave the node of a volume that the stack does not make.

    :param services: as Compose resolved them
    """
    for name in (name for name, volume in volumes.items() if volume.get("external")):
        free = [each for each, fields in services.items() if _mounts(fields, name) and not _is_held(fields)]
        if free:
            notes.warn(
                f"volumes.{name}",
                f"on a node that does not have it, {first_of(free)} begins with an empty one: unless all nodes share "
                "it, name its node in deploy.placement.constraints of the service, such as node.hostname == NAME",
            )


def _mounts(service: Mapping[str, Any], volume: str) -> bool:
    found = [(mount.get("type"), mount.get("source")) for mount in service.get("volumes") or ()]
    return ("volume", volume) in found


def _is_held(service: Mapping[str, Any]) -> bool:
    """Tell whether a service runs only on nodes that its user chose, or on each."""
    deploy = service.get("deploy") or {}
    constraints = (deploy.get("placement") or {}).get("constraints") or ()
    return deploy.get("mode") == "global" or any(OF_A_NODE.match(text.strip()) for text in constraints)
