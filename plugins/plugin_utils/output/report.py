"""Put plans, problems and running services into lines that people read in a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ...module_utils.observation.service import Service, Task
from ...module_utils.observation.stack import Stack
from ...module_utils.observation.swarm import Node
from ..planner.result import ENTRY_POINTS, Plan
from ..stacks.spread import empty_nodes, movable
from ..stacks.state import Convergence
from .problems import name_hosts

# What to do about a failure that a log names.
HINTS = {
    "redis-check-aof": 'Redis cannot read its data; docs/data.md, "Redis cannot read its file", has the way out',
    "no ingress network is present": (
        "The network ingress was removed, and this manager's engine still has a copy of it. Restart that engine "
        "(systemctl restart docker), then run again: the run makes the network again, and restarts the other engines"
    ),
}


def plan_lines(plan: Plan) -> list[str]:
    """Say what a run will do, hosts with the same change in one line, in the order of the phases."""
    steps = plan.steps()
    notes = [*(f"Note: {text}" for text in plan.notes), *_note_lines(plan)]
    if not steps:
        nothing = "Plan: nothing to do"
        if not plan.notes:
            # What an unreachable host means stands at the end of the run.
            all_reached = not any(host.unreachable for host in plan.hosts.values())
            nothing += f", {'everything' if all_reached else 'all else'} is as the inventory says"
        return [f"{nothing}.", *notes]
    rows = [(ENTRY_POINTS[step.phase].role, name_hosts(step.hosts, plan.hosts), step.text) for step in steps]
    return ["Plan:", *(f"  {role:<9} {names}: {text}" for role, names, text in rows), *notes]


def _note_lines(plan: Plan) -> list[str]:
    together: dict[str, list[str]] = {}
    for name, host in plan.hosts.items():
        for note in host.notes:
            together.setdefault(note, []).append(name)
    return [f"Note: {name_hosts(names, plan.hosts)}: {note}" for note, names in together.items()]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Align columns."""
    lines = [header, *rows]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def progress_line(state: Convergence) -> str:
    """Say how far a stack is."""
    sizes = ", ".join(f"{name} {size}" for name, size in state.sizes.items()) or "no services yet"
    trouble = f" (last failure: {state.trouble.service}: {state.trouble.task.error})" if state.trouble else ""
    return f"  running: {sizes}{trouble}"


def failure_lines(
    stack: str,
    state: Convergence,
    failure: str,
    nodes: Sequence[Node],
    logs: Sequence[str],
    elapsed: float,
    timeout: int,
) -> list[str]:
    """Say why a stack did not converge, and within which bound that was found.

    :param stack: its name
    :param elapsed: seconds until then
    :param timeout: seconds that it might have taken
    """
    lines = [
        f"Stack {stack} did not converge: {failure}",
        f"found after {elapsed:.0f} s of at most {timeout} s; {progress_line(state).strip()}",
    ]
    if state.trouble:
        task = state.trouble.task
        node = next((node.hostname for node in nodes if node.id == task.node), "no node")
        lines.append(f"task {state.trouble.service}.{task.slot} on {node}: {task.state}")
        lines.append(f"error: {task.error or task.message}{_killed(task)}")
    if down := [node.hostname for node in nodes if node.state != "ready"]:
        lines.append(f"nodes that managers do not reach: {', '.join(down)}")
    if logs:
        lines += ["last log lines:", *(f"  {line}" for line in logs)]
    lines += [hint for sign, hint in HINTS.items() if any(sign in line for line in logs)]
    return lines


def _killed(task: Task) -> str:
    """Explain the exit code of a killed task, which the engine tells as a number only."""
    if "(137)" not in task.error or not task.limit_mib:
        return ""
    return f" = killed, most likely because it needed more memory than its limit of {task.limit_mib} MiB"


def deploy_failure_lines(error: str, before: int | None, restored: str) -> list[str]:
    """Say that a deploy failed and what runs now.

    :param error: why it failed
    :param before: number of the release before it, ``0`` when there is none, ``None`` when it was the same file
    :param restored: ``""`` when that release runs again, else why it does not
    """
    if before is None:
        end = "The stack file is that of the last release, so there is nothing else to go back to."
    elif not before:
        end = "No release was recorded before, so there is none to go back to; the services were left as they are."
    elif restored:
        end = f"Going back to release {before} failed, too:\n{restored}"
    else:
        end = f"Release {before} runs again. Correct the stack or the app, and deploy again."
    return [error, *(hint for sign, hint in HINTS.items() if sign in error), end]


def failure_text(result: Mapping[str, Any]) -> str:
    """Return what a task said of its failure; one with a loop says it of its items.

    :param result: of the task, as ``ansible_failed_result`` has it
    """
    failed = [item for item in result.get("results") or () if item.get("failed")]
    said = (str(each.get(key) or "") for each in failed or [result] for key in ("msg", "stderr", "censored"))
    return "\n".join(dict.fromkeys(filter(None, said))) or "It gave no message."


def left_behind_text(services: Sequence[str], stack: str) -> str:
    """Say that old tasks stay beside the new ones, and what ends them.

    :param services: names of those that have some
    """
    commands = " and ".join(f"docker service update --force {stack}_{name}" for name in services)
    return (
        f"Tasks that an update left behind in {', '.join(services)} still run beside the new ones. Run again; if they "
        f"stay, replace them on a manager with {commands}"
    )


def failed_stacks_lines(failures: Mapping[str, str], deploys: Sequence[Mapping[str, object]]) -> list[str]:
    """Say which stacks failed, and why; which is clear where only one was deployed.

    :param failures: by stack
    :param deploys: as in ``planner.arguments.Deploy``
    """
    if len(deploys) == 1:
        return list(failures.values())
    done = [str(each["stack"]) for each in deploys if each["stack"] not in failures]
    return [f"{stack}: {text}" for stack, text in failures.items()] + [f"Deployed: {', '.join(done)}."] * bool(done)


def page_lines(answer: Mapping[str, Any], pages: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Say which pages a node does not answer.

    :param answer: result of ``flotilla.swarm.observe``, which may have failed
    :param pages: that were visited, as in ``planner.arguments.CheckPage``
    """
    reasons = (
        answer["observation"]["pages"]
        if "observation" in answer
        else dict.fromkeys(pages, answer.get("msg", "no answer"))
    )
    return [
        f"Port {page['port']} of this node does not answer every visit of {page['path'] or 'it'} ({reasons[name]}). "
        "Visits go to replicas on all nodes: where some are answered, a firewall or a cloud's rules keep this node and "
        "others apart; let 4789/udp, 7946/udp and 7946/tcp through between all members, and run again. A service that "
        f'does not speak HTTP has check: "" in stacks.{name}.'
        for name, page in pages.items()
        if reasons[name]
    ]


def shown(stacks: Collection[str], stack: str, name: str) -> str:
    """Return what people call a service or task: as the swarm does where there are several stacks.

    :param stacks: names of all
    """
    return f"{stack}_{name}" if len(stacks) > 1 else name


def site_lines(
    names: Mapping[str, str], nodes: Sequence[Node], stacks: Mapping[str, Stack], ports: Mapping[str, int]
) -> list[str]:
    """Show where the stacks answer and what runs where.

    :param names: inventory name by address
    :param nodes: as the manager that was asked sees them
    :param stacks: by name
    :param ports: published port by stack; none for a stack without one
    """
    services = {
        shown(stacks, stack, name): service for stack in stacks for name, service in stacks[stack].services.items()
    }
    nodes = sorted(nodes, key=lambda node: (not node.is_manager, node.hostname))
    elsewhere = moved(names, nodes)
    rows = [_node_row(node, _name(node, names, elsewhere), services) for node in nodes]
    lines = [
        *table(["NODE", "ADDRESS", "ROLE", "STATE", "RUNS"], rows),
        "",
        *table(["SERVICE", "RUNNING", "IMAGE"], [_service_row(name, entry) for name, entry in services.items()]),
    ]
    lines += _empty_lines(services, nodes, node_names(names, nodes))
    for name, stack in stacks.items():
        title = f"{name}: " if len(stacks) > 1 else ""
        for release in stack.releases[-1:]:
            back = f", back to {release.rollback_to}" if release.rollback_to else ""
            lines += ["", f"{title}Release {release.number} of {release.at} by {release.by}{back}"]
        if name in ports:
            # For a moment after the leader was lost, the new one cannot tell of any node whether it is up.
            up = [node for node in nodes if node.state != "down"]
            page = [
                f"{title}The page, through every node:",
                *(f"  http://{node.address}:{ports[name]}/" for node in up),
            ]
            lines += ["", *page]
    return lines


def _empty_lines(services: Mapping[str, Service], nodes: Sequence[Node], called: Mapping[str, str]) -> list[str]:
    """Name the nodes that might take tasks of a service, and what moves some there."""
    empty: dict[str, list[str]] = {}
    for name, service in movable(services):
        for node in empty_nodes(service, nodes):
            empty.setdefault(called[node.id], []).append(name)
    lines = [
        f"{node} has no task of {', '.join(found)}: ansible-playbook playbooks/rebalance.yml moves some there"
        for node, found in empty.items()
    ]
    return ["", *lines] if lines else []


def moved(names: Mapping[str, str], nodes: Sequence[Node]) -> dict[str, str]:
    """Find the nodes that the inventory seems to have at another address, by their host names.

    :param names: inventory name by address
    :return: by node ID, the address in the inventory
    """
    taken = {node.address for node in nodes}
    lost = {name: address for address, name in names.items() if address not in taken}
    return {node.id: lost[node.hostname] for node in nodes if node.address not in names and node.hostname in lost}


def dead_lines(names: Mapping[str, str], nodes: Sequence[Node]) -> list[str]:
    """Name the dead nodes that the inventory does not have, and how they go.

    :param names: inventory name by address
    :return: to stand before all else
    """
    twice = Counter(node.hostname for node in nodes)
    elsewhere = moved(names, nodes)
    lines = []
    for node in nodes:
        if node.state == "down" and node.address not in names:
            name = node.hostname if twice[node.hostname] == 1 else node.id
            other = elsewhere.get(node.id)
            known = f"down, and at {other} in the inventory" if other else "down and not in the inventory"
            lines.append(
                f"{node.hostname} ({node.address}) is {known}. If it is gone for good, remove its entry: "
                f"-e swarm_remove_dead={name}"
            )
    return [*lines, ""] if lines else []


def node_names(names: Mapping[str, str], nodes: Sequence[Node]) -> dict[str, str]:
    """Name nodes by ID as the inventory does, else as they call themselves.

    :param names: inventory name by address
    """
    return {node.id: names.get(node.address, node.hostname) for node in nodes}


def _name(node: Node, names: Mapping[str, str], elsewhere: Mapping[str, str]) -> str:
    unknown = "at another address than in the inventory" if node.id in elsewhere else "not in the inventory"
    return names.get(node.address, f"{node.hostname} ({unknown})")


def _node_row(node: Node, name: str, services: Mapping[str, Service]) -> list[str]:
    state = node.state if node.availability == "active" else f"{node.state}, {node.availability}"
    running = [
        f"{name}.{task.slot}"
        for name, service in services.items()
        for task in service.tasks
        if task.node == node.id and task.is_up
    ]
    role = node.role + (" (leader)" if node.leader else "")
    return [name, node.address, role, state, " ".join(sorted(running)) or "-"]


def _service_row(name: str, service: Service) -> list[str]:
    ended = f", {service.ended} ended" if service.ended else ""
    return [name, f"{sum(task.is_up for task in service.tasks)}/{service.size}{ended}", service.image]
