"""Gather in ``deploy`` what a swarm has there, and Compose beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ...module_utils.releases import DATA_LABEL
from ..stacks.file import VOLUME_PREFIX
from .fields import BY_NAME
from .notes import Notes, without_empty

RESTART = {"no": "none", "always": "any", "unless-stopped": "any", "on-failure": "on-failure"}
# Modes in which Swarm counts tasks otherwise than a run does, and what to write instead.
JOBS = {"replicated-job": "Leave it out", "global-job": "Write mode: global"}


def translate_deploy(key: str, given: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    """Return a service's ``deploy``; what stands there counts more than what stands beside it.

    :param key: of the service
    """
    deploy: dict[str, Any] = without_empty(given.get("deploy") or {})
    if deploy.get("mode") in JOBS:
        fix = f'{JOBS[deploy["mode"]]}, and restart: "no" beside deploy: a task may then end with success'
        notes.refuse(f"{key}.deploy.mode", deploy["mode"], fix)
    resources = deploy.get("resources") or {}
    limits = {"cpus": given.get("cpus"), "memory": given.get("mem_limit"), "pids": given.get("pids_limit")}
    reservations = {"memory": given.get("mem_reservation")}
    amounts = {
        "limits": _amounts({**limits, **(resources.get("limits") or {})}),
        "reservations": _amounts({**reservations, **(resources.get("reservations") or {})}),
    }
    if amounts["reservations"].pop("devices", None):
        notes.refuse(f"{key}.deploy.resources.reservations.devices", "devices", BY_NAME["devices"].text)
    parts = {
        "replicas": deploy.get("replicas", given.get("scale")),
        "resources": without_empty(amounts),
        "restart_policy": deploy.get("restart_policy") or _restart(given.get("restart")),
    }
    policy = parts["restart_policy"] or {}
    return {**deploy, **without_empty(parts), **(_of_job(deploy) if policy.get("condition") == "none" else {})}


def _of_job(deploy: Mapping[str, Any]) -> dict[str, Any]:
    """Let updates of a job go on: Swarm takes each task that ends soon for a failed one, whatever it ended with."""
    kinds = ("update_config", "rollback_config")
    return {kind: {"failure_action": "continue", **(deploy.get(kind) or {})} for kind in kinds}


def with_pins(deploy: Mapping[str, Any], volumes: Collection[str]) -> dict[str, Any]:
    """Hold a service on the node that has its volumes, and let it learn whether it may begin without data.

    :param volumes: as the engine names them
    """
    if not volumes:
        return dict(deploy)
    placement = deploy.get("placement") or {}
    pins = [f"node.labels.{VOLUME_PREFIX}{volume} == true" for volume in volumes]
    return {
        **deploy,
        "labels": {**(deploy.get("labels") or {}), DATA_LABEL: "kept"},
        "placement": {**placement, "constraints": [*(placement.get("constraints") or ()), *pins]},
    }


def _amounts(amounts: Mapping[str, Any]) -> dict[str, Any]:
    """Write amounts as Swarm reads them."""
    given = without_empty(dict(amounts))
    return {what: str(value) if what in ("cpus", "memory") else value for what, value in given.items()}


def _restart(text: object) -> dict[str, Any]:
    """Say when a task is started again."""
    condition, _, most = str(text or "").partition(":")
    if condition not in RESTART:
        return {}
    return {"condition": RESTART[condition], **({"max_attempts": int(most)} if most.isdecimal() else {})}
