"""Check a stack file against the hosts that it will run on, before the engine is asked to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..model.problem import Code, Problem, Rule

DURATION = re.compile(r"0|(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+")
CONSTRAINT = re.compile(r"\s*([\w./-]+)\s*(==|!=)\s*(.+?)\s*")
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
DURATIONS = {
    "healthcheck": ("interval", "timeout", "start_period", "start_interval"),
    "deploy.update_config": ("delay", "monitor"),
    "deploy.rollback_config": ("delay", "monitor"),
    "deploy.restart_policy": ("delay", "window"),
    "": ("stop_grace_period",),
}
UNITS = " kmgt"


class FieldError(ValueError):
    """A field of a service that is not as it should be: its key, what was found, what is expected."""


@dataclass(frozen=True, slots=True)
class StackFacts:
    """What the checks of a stack file may read.

    :ivar content: the rendered stack file, parsed
    :ivar nodes: list of dicts with ``name``, ``id`` (``""`` before it joins), ``hostname``, ``role``, ``labels``,
        ``cpus`` and ``memory_mib``, one for each host
    :ivar secrets: names of the swarm's secrets, those that this run will create included
    """

    content: dict
    nodes: list
    secrets: set

    @property
    def services(self):
        """Return the services by name."""
        return self.content["services"]


def external_secrets_are_there(facts: StackFacts) -> Iterator[Problem]:
    """A secret that the file takes for given is in the swarm, or will be."""
    for key, secret in (facts.content.get("secrets") or {}).items():
        name = (secret or {}).get("name", key)
        if (secret or {}).get("external") and name not in facts.secrets:
            yield Problem(
                code=Code.SECRET_MISSING,
                where=f"stack_file: secrets.{key}",
                found=f"external: true, but the swarm has no secret {name}",
                expected="a secret that is there or that flotilla makes",
                fix="List it in stack_secrets and let the file name it ${X_SECRET}, or create it on a manager "
                "(docker secret create)",
            )


def services_can_run(facts: StackFacts) -> Iterator[Problem]:
    """Each service is well-formed, and some host can carry its tasks."""
    for name, service in facts.services.items():
        try:
            yield from _durations(name, service)
            yield from _place(name, service, facts.nodes)
        except FieldError as error:
            yield _invalid(name, *error.args)
        except (ValueError, TypeError, AttributeError) as error:
            yield _invalid(name, "", error, "a service as in the Compose specification")


def _durations(name, service):
    for path, keys in DURATIONS.items():
        part = service
        for step in filter(None, path.split(".")):
            part = part.get(step) or {}
        for key in keys:
            if key in part and not DURATION.fullmatch(str(part[key])):
                yield _invalid(name, f"{path}.{key}".strip("."), part[key], "a duration such as 30s or 1m30s")


def _place(name, service, nodes):
    fitting = [node for node in nodes if fits(service, node)]
    if not fitting:
        yield Problem(
            code=Code.SERVICE_UNPLACEABLE,
            where=f"stack_file: services.{name}",
            found="no host that satisfies its constraints",
            expected=" and ".join(_constraints(service)),
            fix="Change its placement, or give a host that label or role",
        )
        return
    for what, amounts in ((service.get("deploy") or {}).get("resources") or {}).items():
        for kind in ("cpus", "memory"):
            amount = _amount(kind, (amounts or {}).get(kind, 0))
            largest = max(capacity(node, kind) for node in fitting)
            if amount > largest:
                yield Problem(
                    code=Code.SERVICE_TOO_LARGE,
                    where=f"stack_file: services.{name}.deploy.resources.{what}.{kind}",
                    found=f"{show(kind, amount)} for one task",
                    expected=f"at most {show(kind, largest)}, as the largest host for it has",
                    fix="Lower it, or use larger hosts",
                )


def reservations_fit_on_all_hosts(facts: StackFacts) -> Iterator[Problem]:
    """All tasks together reserve no more than there is."""
    for kind in ("cpus", "memory"):
        amount = sum(_reserved(kind, service, facts.nodes) for service in facts.services.values())
        there = sum(capacity(node, kind) for node in facts.nodes)
        if amount > there:
            yield Problem(
                code=Code.STACK_TOO_LARGE,
                where="stack_file",
                found=f"{show(kind, amount)} reserved by all tasks",
                expected=f"at most {show(kind, there)}, as the hosts have",
                fix="Lower replicas or reservations, or add hosts",
            )


def _reserved(kind, service, nodes):
    deploy = service.get("deploy") or {}
    amounts = (deploy.get("resources") or {}).get("reservations") or {}
    return _amount(kind, amounts.get(kind, 0)) * _tasks(deploy, sum(fits(service, node) for node in nodes))


def _invalid(service, key, found, expected):
    return Problem(
        code=Code.SERVICE_INVALID,
        where=f"stack_file: services.{service}.{key}".rstrip("."),
        found=str(found),
        expected=expected,
        fix="Correct it in the stack file",
    )


def network_needs(content, hosts):
    """Tell what a stack needs of the swarm's address pools.

    :return: how many overlay networks there will be, and how many addresses the largest may need: one for each host,
        service and task
    """
    services = content["services"].values()
    own = [net for net in (content.get("networks") or {}).values() if not (net or {}).get("external")]
    default = any("networks" not in service for service in services)
    tasks = sum(_tasks(service.get("deploy") or {}, hosts) for service in services)
    return 1 + len(own) + default, hosts + len(services) + tasks


def _tasks(deploy, hosts):
    return hosts if deploy.get("mode") == "global" else int(deploy.get("replicas", 1))


def fits(service, node):
    """Tell whether a service's constraints let a node run its tasks; what only the engine knows is left to it.

    :param service: of a stack file, parsed
    :param node: see ``StackFacts``
    :raise FieldError: a constraint is none
    """
    return all(_holds(text, node) for text in _constraints(service))


def _constraints(service):
    return ((service.get("deploy") or {}).get("placement") or {}).get("constraints") or []


def _holds(text, node):
    match = CONSTRAINT.fullmatch(text)
    if not match:
        raise FieldError("deploy.placement.constraints", text, "KEY == VALUE or KEY != VALUE")
    key, operator, value = match.groups()
    known = {"node.id": node["id"], "node.hostname": node["hostname"], "node.role": node["role"]}
    if key.startswith("node.labels."):
        found = node["labels"].get(key.removeprefix("node.labels."), "")
    elif key in known and (known[key] or operator == "!="):
        found = known[key]
    else:  # What only the engine knows, such as engine.labels, it decides itself.
        return True
    return (found.lower() == value.lower()) == (operator == "==")


def _amount(kind, value):
    if kind == "cpus":
        return float(value)
    match = SIZE.fullmatch(str(value))
    if not match:
        raise FieldError("deploy.resources", f"memory {value}", "a size such as 50M")
    return float(match[1]) * 1024 ** UNITS.index(match[2].lower() or " ")


def capacity(node, kind):
    """Return how many CPUs or bytes of memory a host has."""
    return node["cpus"] if kind == "cpus" else node["memory_mib"] * 2**20


def show(kind, amount):
    """Write an amount for people."""
    return f"{amount:g} CPUs" if kind == "cpus" else f"{amount / 2**20:.0f} MiB of memory"


RULES = (
    Rule(external_secrets_are_there),
    Rule(services_can_run),
    Rule(reservations_fit_on_all_hosts, after=frozenset({Code.SERVICE_INVALID})),
)
