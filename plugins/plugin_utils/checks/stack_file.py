"""Check a stack file against the hosts that it will run on, before the engine is asked to.

Each problem is one sentence: what was found, what is wanted, where to mend it.
"""

from __future__ import annotations

import re

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


def check_stack(content, nodes, secrets):
    """Check a stack file.

    :param content: the rendered stack file, parsed
    :param nodes: list of dicts with ``name``, ``id`` (``""`` before it joins), ``hostname``, ``role``, ``labels``,
        ``cpus`` and ``memory_mib``, one for each host
    :param secrets: names of the swarm's secrets, those that this run will create included
    :return: list of problems
    """
    problems = []
    for key, secret in (content.get("secrets") or {}).items():
        name = (secret or {}).get("name", key)
        if (secret or {}).get("external") and name not in secrets:
            problems.append(
                f"stack_file: secret {name} is external, but the swarm has none of that name; create it on a manager "
                "(docker secret create), or list it in stack_secrets and let the file name it ${X_SECRET}"
            )
    reserved = {"cpus": 0.0, "memory": 0.0}
    for name, service in content["services"].items():
        try:
            problems += [f"stack_file: service {name}: {text}" for text in _check_service(service, nodes, reserved)]
        except (ValueError, TypeError, AttributeError) as error:
            problems.append(f"stack_file: service {name}: {error}")
    for kind, amount in reserved.items():
        there = sum(capacity(node, kind) for node in nodes)
        if amount > there:
            problems.append(
                f"stack_file: the reservations of all tasks sum up to {show(kind, amount)}, the hosts have "
                f"{show(kind, there)}; lower replicas or reservations, or add hosts"
            )
    return problems


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


def _check_service(service, nodes, reserved):
    for path, keys in DURATIONS.items():
        part = service
        for step in filter(None, path.split(".")):
            part = part.get(step) or {}
        for key in keys:
            if key in part and not DURATION.fullmatch(str(part[key])):
                yield f"{key} is {part[key]}, wanted is a duration such as 30s or 1m30s"
    deploy = service.get("deploy") or {}
    fitting = [node for node in nodes if fits(service, node)]
    if not fitting:
        wanted = " and ".join(_constraints(service))
        yield f"no host satisfies {wanted}; mend its placement, or give a host that label or role"
        return
    for what, amounts in (deploy.get("resources") or {}).items():
        for kind in ("cpus", "memory"):
            amount = _amount(kind, (amounts or {}).get(kind, 0))
            largest = max(capacity(node, kind) for node in fitting)
            if amount > largest:
                yield (
                    f"its {what} of {show(kind, amount)} for one task {'is' if kind == 'memory' else 'are'} more than "
                    f"any host for it has ({show(kind, largest)}); lower it, or take larger hosts"
                )
            elif what == "reservations":
                reserved[kind] += amount * _tasks(deploy, len(fitting))


def fits(service, node):
    """Tell whether a service's constraints let a node run its tasks; what only the engine knows is left to it.

    :param service: of a stack file, parsed
    :param node: see ``check_stack``
    :raise ValueError: a constraint is none
    """
    return all(_holds(text, node) for text in _constraints(service))


def _constraints(service):
    return ((service.get("deploy") or {}).get("placement") or {}).get("constraints") or []


def _holds(text, node):
    match = CONSTRAINT.fullmatch(text)
    if not match:
        raise ValueError(f"found constraint {text}, wanted is KEY == VALUE or KEY != VALUE")
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
        raise ValueError(f"found memory {value}, wanted is a size such as 50M")
    return float(match[1]) * 1024 ** UNITS.index(match[2].lower() or " ")


def capacity(node, kind):
    """Return how many CPUs or bytes of memory a host has."""
    return node["cpus"] if kind == "cpus" else node["memory_mib"] * 2**20


def show(kind, amount):
    """Write an amount for people."""
    return f"{amount:g} CPUs" if kind == "cpus" else f"{amount / 2**20:.0f} MiB of memory"
