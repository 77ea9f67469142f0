"""Action of ``flotilla.swarm.report``: lines for the terminal about a site, or about what a run did beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.flotilla.swarm.plugins.module_utils.observation import Observed
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.stack import Stack
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.swarm import Node
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import (
    Observation,
    read_answer,
    read_observed,
)
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output import status
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.eviction import eviction_lines
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.report import dead_lines, site_lines
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.reset import reset_lines
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.terminal import printable
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.arguments.preflight import Pending, ReportStatus

CALLBACK = "flotilla.swarm.concise"
OPTIONS = {
    "about": {"required": True, "choices": ["site", "status", "reset", "eviction"]},
    "names": {"type": "dict"},
    "observation": {"type": "dict"},
    "hosts": {"type": "list", "elements": "str"},
    "observed": {},
    "stacks": {"type": "list", "elements": "str"},
    "ports": {"type": "dict", "default": {}},
    "problems": {"type": "list", "elements": "str", "default": []},
    "pending": {"type": "list", "elements": "dict", "default": []},
    "format": {"choices": ["text", "json"], "default": "text"},
    "done": {"type": "list", "elements": "str"},
    "registry_host": {"default": ""},
    "registry_url": {},
    "data": {"type": "bool", "default": False},
    "images": {"type": "bool", "default": False},
    "host": {},
    "yours": {"type": "list", "elements": "str"},
    "stays": {"type": "list", "elements": "str"},
}
NEEDED = [
    ("about", "site", ["names", "observation"]),
    ("about", "status", ["hosts", "observed", "names"]),
    ("about", "reset", ["hosts", "observed", "stacks", "done", "registry_url"]),
    ("about", "eviction", ["host", "done", "yours", "stays"]),
]


class ActionModule(ActionBase):
    """Show the lines, or leave them to callback ``flotilla.swarm.concise``, which shows them after the recap."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def run(self, tmp: object = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return ``lines``, and of a status ``status``."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, args = self.validate_argument_spec(OPTIONS, required_if=NEEDED)
        variables = task_vars or {}
        result |= REPORTS[args["about"]](args, variables)
        if CALLBACK != C.DEFAULT_STDOUT_CALLBACK:
            Display().display(printable("\n".join(result["lines"])))
        return dict(result, changed=False)


def _status(args: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
    hostvars = task_vars["hostvars"]
    observed = {name: read_answer(name, hostvars[name].get(args["observed"]) or {}) for name in args["hosts"]}
    names, (nodes, stacks) = args["names"], _swarm(observed)
    report = ReportStatus(
        hosts=tuple(args["hosts"]),
        names=names,
        ports=_ports(args),
        problems=tuple(args["problems"]),
        pending=tuple(Pending(hosts=tuple(each["hosts"]), text=each["text"]) for each in args["pending"]),
    )
    found = status.describe(nodes, stacks, observed, report)
    lines = [json.dumps(asdict(found))] if args["format"] == "json" else status.lines(found, names, nodes, stacks)
    # Red, so that whoever asks by a program is told.
    is_wrong = bool(found.problems or found.pending)
    return {"status": asdict(found), "lines": lines, "failed": is_wrong, "msg": "The site has problems" * is_wrong}


def _site(args: Mapping[str, Any], _task_vars: Mapping[str, Any]) -> dict[str, Any]:
    names = args["names"]
    nodes, stacks = _swarm({"the manager": read_observed("the manager", args["observation"])})
    return {"lines": [*dead_lines(names, nodes), *site_lines(names, nodes, stacks, _ports(args))]}


def _reset(args: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
    hostvars = task_vars["hostvars"]
    observed = {name: read_observed(name, hostvars[name][args["observed"]]["observation"]) for name in args["hosts"]}
    options = {name: args[name] for name in ("registry_host", "registry_url", "data", "images")}
    return {"lines": reset_lines(observed, args["done"], args["stacks"], **options)}


def _eviction(args: Mapping[str, Any], _task_vars: Mapping[str, Any]) -> dict[str, Any]:
    return {"lines": eviction_lines(args["host"], args["done"], args["yours"], args["stays"])}


def _ports(args: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(port) for name, port in args["ports"].items()}


def _swarm(observed: Mapping[str, Observation]) -> tuple[Sequence[Node], Mapping[str, Stack]]:
    """Return what the first manager that answers for the swarm says."""
    for one in observed.values():
        if isinstance(one, Observed) and one.nodes is not None and one.stacks is not None:
            return one.nodes, one.stacks
    raise AnsibleActionFail("No manager tells the state of the swarm any more; run again.")


REPORTS = {"site": _site, "status": _status, "reset": _reset, "eviction": _eviction}
