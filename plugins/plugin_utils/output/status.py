"""Put the state of a whole site into one structure and into lines that people read in a terminal."""

from __future__ import annotations

from ..stacks import releases, stack
from .report import moved, site_lines, table


def describe(names, seen, observed, stack_name, port):
    """Gather what a person asks about a site.

    :param names: dict of address to inventory name
    :param seen: ``seen`` of the manager that was asked
    :param observed: dict of inventory name to ``seen``, ``None`` for a host that could not be looked at
    :param stack_name: name of the stack
    :param port: where hosts were asked for the page: at the inventory's port. While a release with another one is held,
        their answers tell nothing
    :return: dict, JSON all through: ``stack``, ``problems`` (list of str), and lists of dicts ``nodes``, ``services``,
        ``tasks`` and ``releases``, the newest release first
    """
    running = seen["stack"]
    nodes = {node["id"]: names.get(node["address"], node["hostname"]) for node in seen["nodes"]}
    asked = any(port in service.get("ports", []) for service in running["services"].values())
    return {
        "stack": stack_name,
        "problems": [*_node_problems(names, seen["nodes"], observed, asked), *_stack_problems(running, nodes)],
        "nodes": [
            {
                "name": nodes[node["id"]],
                **{key: node[key] for key in ("address", "role", "leader", "state", "availability", "engine")},
            }
            for node in seen["nodes"]
        ],
        "services": [
            {
                "name": name,
                "running": sum(stack.is_up(task) for task in service["tasks"]),
                "wanted": service["size"],
                "image": service["spec"]["TaskTemplate"]["ContainerSpec"]["Image"],
                "update": service["update"].get("State", ""),
                "ports": service.get("ports", []),
            }
            for name, service in running["services"].items()
        ],
        "tasks": [
            {
                "name": f"{name}.{task['slot']}",
                "node": nodes.get(task["node"], ""),
                **{key: task[key] for key in ("id", "state", "desired", "error", "updated")},
            }
            for name, service in running["services"].items()
            for task in service["tasks"]
        ],
        "releases": [
            {
                **{key: release[key] for key in ("number", "at", "by", "rollback_to")},
                "images": sorted(releases.images(release["file"])),
                "secrets": sorted(releases.names(release["file"], "secrets")),
                "configs": sorted(releases.names(release["file"], "configs")),
            }
            for release in reversed(running["releases"])
        ],
    }


def lines(status, names, seen):
    """Put a status into lines.

    :param status: see ``describe``
    :param names: as there
    :param seen: as there
    :return: list of str
    """
    ports = [port for service in status["services"] for port in service["ports"]]
    rows = [
        [
            f"{release['number']}{' (runs)' if release is status['releases'][0] else ''}",
            release["at"],
            release["by"],
            f"back to {release['rollback_to']}" if release["rollback_to"] else "",
            " ".join(_short(image) for image in release["images"]),
        ]
        for release in status["releases"]
    ]
    ended = [
        [task["name"], task["node"] or "-", f"{task['updated'][:19]}Z", task["state"], task["error"]]
        for task in status["tasks"]
        if task["error"]
    ]
    return [
        *site_lines(names, seen, ports[0] if ports else None),
        "",
        *table(["RELEASE", "AT", "BY", "", "IMAGES"], rows),
        *(["", *table(["FAILED TASK", "NODE", "AT", "STATE", "ERROR"], ended)] if ended else []),
        "",
        *([f"Problem: {problem}" for problem in status["problems"]] or ["No problem found."]),
    ]


def silence_lines(observed):
    """Say why nobody can tell how a site is, and what to do where that is known.

    :param observed: see ``describe``
    :return: list of str
    """
    lines = ["No manager can tell how the site is:"]
    for name, seen in observed.items():
        if seen:
            lines.append(f"  {name}: its swarm is {seen['swarm']['state']} {seen['swarm']['error']}".rstrip())
        else:
            lines.append(f"  {name} could not be looked at; see its error above")
    states = {name: seen and seen["swarm"]["state"] for name, seen in observed.items()}
    stopped = [name for name, state in states.items() if state == "stopped"]
    if stopped:
        lines.append(f"The engine of {', '.join(stopped)} is stopped; run site.yml, which starts it.")
    elif set(states.values()) == {"inactive"}:
        lines.append("No host is in a swarm, as before the first run and after a reset; run site.yml.")
    return lines


def _short(image):
    """Shorten ``host:port/name@sha256:digest`` to ``name@digest``, with as many digits as tell images apart."""
    name, _, digest = image.rsplit("/", 1)[-1].partition("@sha256:")
    return f"{name}@{digest[:12]}" if digest else name


def _node_problems(names, nodes, observed, asked):
    for name, looked in observed.items():
        if not looked:
            yield f"{name} could not be looked at; see its error above"
        elif looked["page"] and asked:
            yield f"{name} does not answer the page: {looked['page']}"
    elsewhere = moved(names, nodes)
    present = {*(node["address"] for node in nodes), *elsewhere.values()}
    for address, name in names.items():
        if address not in present:
            yield f"{name} is in the inventory and not in the swarm; run site.yml"
    for node in nodes:
        name = names.get(node["address"], node["hostname"])
        if node["id"] in elsewhere:
            yield (
                f"{name} is at {node['address']} in the swarm and at {elsewhere[node['id']]} in the inventory; mend "
                "the inventory, or run site.yml if the host has moved"
            )
        elif node["address"] not in names:
            yield f"{name} ({node['address']}) is in the swarm and not in the inventory"
        if node["state"] != "ready":
            yield f"{name} is {node['state']}"
        elif node["reachability"] == "unreachable":
            yield f"{name} is ready, but the other managers do not reach it"
        if node["availability"] != "active":
            yield f"{name} takes no tasks, its availability is {node['availability']}"


def _stack_problems(running, nodes):
    if not running["services"]:
        yield "the stack has no services; run site.yml"
    for name, service in running["services"].items():
        state = stack.judge({name: service})
        if state.done:
            continue
        yield f"{name} is at {state.sizes[name]}" + (f", {state.failure}" if state.failure else "")
        if state.trouble:
            node = nodes.get(state.trouble["node"], "no node")
            yield f"{name}.{state.trouble['slot']} on {node} is {state.trouble['state']}: {state.trouble['error']}"
    record = running["record"]
    for reason in stack.differences(record["file"], running) if record else ():
        yield f"not as release {running['releases'][-1]['number']} was: {reason}; run site.yml"
