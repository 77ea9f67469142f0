"""Compare a stack with what runs, and judge whether it has converged."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

import yaml

from ..model.problem import Code, Problem, ProblemError

# A stack file's promise that a volume's service stays where its data is; see docs in app/stack.yml.
VOLUME_PREFIX = "flotilla.volume."
VOLUME_CONSTRAINT = re.compile(rf"node\.labels\.({re.escape(VOLUME_PREFIX)}[\w.-]+)\s*==\s*true")
VARIABLE = re.compile(r"\$(?:(?P<escaped>\$)|\{(?P<braced>\w+)\}|(?P<bad>\{[^}]*\}?|\w+))")


def render(text, variables):
    """Fill in the variables of a stack file, in values only, as ``docker stack deploy`` does.

    Dollar signs in values are doubled, since the deploying command interpolates once more. Comments and layout go: two
    files that say the same are the same.

    :param text: stack file
    :param variables: dict of name to value
    :return: str, still a stack file
    :raise ProblemError: the file is no YAML mapping, a variable has no value, or something looks like a variable and
        is none, such as ``$VAR`` or ``${VAR:-default}``
    """
    missing = {}

    def fill(match):
        if match["escaped"]:
            return match[0]
        if match["bad"]:
            raise _fault(f"${match['bad']}", "${VAR}, or $$ for a dollar sign")
        if match["braced"] not in variables:
            missing[f"${{{match['braced']}}}"] = True
        return str(variables.get(match["braced"], "")).replace("$", "$$")

    filled = _map_strings(parse(text), lambda value: VARIABLE.sub(fill, value))
    if missing:
        raise ProblemError(
            Problem(
                code=Code.STACK_VARIABLE_MISSING,
                where="stack_file",
                found=f"{', '.join(missing)} without a value",
                expected="a value for each variable",
                fix="Set it in stack_environment, or remove it from the stack file",
            )
        )
    return yaml.safe_dump(filled, sort_keys=False)


def parse(text):
    """Read a stack file.

    :return: dict
    :raise ProblemError: it is no YAML, or no mapping with services
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _fault(f"no YAML: {error}", "a stack file as docker stack deploy takes it") from error
    if not isinstance(content, dict) or not isinstance(content.get("services"), dict):
        raise _fault("no services", "at least one")
    return content


def _fault(found, expected):
    return ProblemError(
        Problem(
            code=Code.STACK_FILE_INVALID,
            where="stack_file",
            found=found,
            expected=expected,
            fix="Correct it in the stack file",
        )
    )


def with_configs(text, objects):
    """Let a stack file name the swarm's objects instead of the files of its configs.

    :param text: stack file
    :param objects: dict of config to the name of its object
    :return: str, a stack file
    :raise ProblemError: a secret is a file, which would lie on a disk
    """
    content = parse(text)
    for name, entry in (content.get("secrets") or {}).items():
        if not (entry or {}).get("external"):
            raise ProblemError(
                Problem(
                    code=Code.SECRET_NOT_EXTERNAL,
                    where=f"stack_file: secrets.{name}",
                    found="a secret that is not external, and so would lie on a disk",
                    expected=f"external: true and name: ${{{name.upper()}_SECRET}}",
                    fix=f"Change it in the stack file, and list {name} in stack_secrets",
                )
            )
    for name, key in objects.items():
        content["configs"][name] = {"external": True, "name": key}
    return yaml.safe_dump(content, sort_keys=False)


def _map_strings(value, change):
    if isinstance(value, dict):
        return {key: _map_strings(entry, change) for key, entry in value.items()}
    if isinstance(value, list):
        return [_map_strings(entry, change) for entry in value]
    return change(value) if isinstance(value, str) else value


def published_ports(text):
    """List the ports that a stack file publishes, in order.

    :param text: stack file; short (``"4000:80"``) and long form
    :return: list of int
    :raise ProblemError: a port is a range or a variable
    """
    return [port for service in parse(text)["services"].values() for port in _ports(service)]


def _ports(service):
    found = []
    for port in service.get("ports") or []:
        published = str(port.get("published", "") if isinstance(port, dict) else _short_port(str(port)))
        if published and not published.isdecimal():
            raise _fault(f"port {published}", "a plain number")
        if published:
            found.append(int(published))
    return found


# Visits that are enough to believe that a node reaches the others, and few enough to ask of every node.
MOST_VISITS = 20


def page(text):
    """Tell where the stack answers visitors, and how many visits through one node reach each replica there.

    Swarm's routing mesh sends one visit after the other to the next replica, on whichever node it is.

    :param text: rendered stack file
    :return: dict with ``port``, the first one published, and ``visits``, from 1 to ``MOST_VISITS``; ``{}`` where no
        port is published
    :raise ProblemError: a port or the number of replicas is no plain number
    """
    for service in parse(text)["services"].values():
        ports = _ports(service)
        if ports:
            deploy = service.get("deploy") or {}
            replicas = MOST_VISITS if deploy.get("mode") == "global" else deploy.get("replicas", 1)
            if not str(replicas).isdecimal():
                raise _fault(f"{replicas} replicas", "a plain number")
            return {"port": ports[0], "visits": max(1, min(int(replicas), MOST_VISITS))}
    return {}


def _short_port(text):
    """Take the published port from ``[address:]published:target[/protocol]``; ``""`` where only a target is given."""
    return (text.split("/")[0].rsplit(":", 1)[:-1] or [""])[0].rsplit(":", 1)[-1]


def volume_labels(text):
    """List the node labels that pin the stack's volumes."""
    return list(dict.fromkeys(VOLUME_CONSTRAINT.findall(text)))


def pinned_services(text, labels):
    """List the services that run only on a node with one of these labels.

    :param text: stack file
    :param labels: names of labels, from ``volume_labels``
    """
    found = []
    for name, service in parse(text)["services"].items():
        constraints = ((service.get("deploy") or {}).get("placement") or {}).get("constraints") or []
        if set(VOLUME_CONSTRAINT.findall("\n".join(constraints))) & set(labels):
            found.append(name)
    return found


def pinned_volumes(text, label, stack):
    """List the names of the volumes that the services of a label mount, as the engine has them.

    :param text: stack file
    :param label: from ``volume_labels``
    :param stack: the stack's name
    """
    content, found = parse(text), []
    for service in pinned_services(text, [label]):
        for mount in content["services"][service].get("volumes") or []:
            source = str(mount.get("source", "") if isinstance(mount, dict) else mount.split(":")[0])
            if source in (content.get("volumes") or {}):
                found.append((content["volumes"][source] or {}).get("name") or f"{stack}_{source}")
    return list(dict.fromkeys(found))


def place_volumes(labels, nodes, candidates):
    """Choose a node for each pinned volume; a choice once made is kept.

    :param labels: list of label names, from ``volume_labels``
    :param nodes: nodes as a manager sees them, empty before there is a swarm
    :param candidates: inventory names to choose from, the preferred first
    :return: dict of inventory name to labels that it must get; volumes already placed are left out
    """
    placed = {label for node in nodes for label, value in node["labels"].items() if value == "true"}
    wanted = {label: "true" for label in labels if label not in placed}
    return {candidates[0]: wanted} if wanted else {}


def services_to_spread(services, nodes):
    """Choose the services whose tasks can be spread anew without losing a request.

    A service is left alone when its tasks are spread as evenly as its size allows over the nodes that take tasks, when
    its volume pins it to one node, or when an update would stop a task before its successor runs.

    :param services: ``services`` of a manager's observation
    :param nodes: ``nodes`` of it
    :return: list of service names
    """
    active = [node["id"] for node in nodes if node["state"] == "ready" and node["availability"] == "active"]
    chosen = []
    for name, service in sorted(services.items()):
        spec = service["spec"]
        constraints = (spec["TaskTemplate"].get("Placement") or {}).get("Constraints") or []
        first = (spec.get("UpdateConfig") or {}).get("Order") == "start-first"
        running = Counter(task["node"] for task in service["tasks"] if task["desired"] == task["state"] == "running")
        counts = [running[node] for node in active]
        uneven = bool(counts) and max(counts) - min(counts) > 1
        if "Replicated" in spec["Mode"] and first and uneven and not VOLUME_CONSTRAINT.search("\n".join(constraints)):
            chosen.append(name)
    return chosen


def differences(definition, seen):
    """Say in which ways the running stack differs from the wanted one.

    :param definition: rendered stack file
    :param seen: ``stack`` of a manager's observation, or ``None``
    :return: list of str; empty when there is nothing to deploy
    """
    record = (seen or {}).get("record")
    if not record:
        return ["deploy it for the first time" if not (seen or {}).get("services") else "deploy it: no record of it"]
    found = []
    if record["file"] != definition:
        found.append("apply the changed stack file")
    for name in sorted(record["specs"].keys() | seen["services"].keys()):
        if name not in seen["services"]:
            found.append(f"bring back service {name}")
        elif name not in record["specs"]:
            found.append(f"remove service {name}, which the stack file does not have")
        else:
            changes = list(_spec_changes(record["specs"][name], seen["services"][name]["spec"]))
            if changes:
                found.append(f"set service {name} right ({'; '.join(changes)})")
    return found


def _spec_changes(applied, live, path=""):
    """Yield the leaves in which two service specs differ, as ``"Mode.Replicated.Replicas is 3, wanted 5"``."""
    for key in sorted(applied.keys() | live.keys()):
        # A forced update restarts tasks and changes nothing else.
        if key == "ForceUpdate":
            continue
        one, other, name = applied.get(key), live.get(key), f"{path}{key}"
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _spec_changes(one, other, f"{name}.")
        elif one != other:
            yield f"{name} is {other}, wanted {one}"


@dataclass
class Convergence:
    """How far a stack is.

    :ivar done: every service runs at its size with its newest spec and no update is under way
    :ivar failure: why it will not get there, ``""`` while it still may
    :ivar stale: services with tasks of an older spec though no update is under way; this state stays when an update was
        replaced by an equal one half-way (a deploy that was interrupted and run again), and a further deploy ends it
    :ivar sizes: dict of service to ``"running/wanted"``
    :ivar trouble: task that explains a failure or a delay, or ``None``
    :ivar homeless: services with a task that no node can take now
    """

    done: bool = False
    failure: str = ""
    stale: list = field(default_factory=list)
    sizes: dict = field(default_factory=dict)
    trouble: dict | None = None
    homeless: list = field(default_factory=list)


def is_up(task):
    """Tell whether a task runs and shall go on to run."""
    return task["state"] == task["desired"] == "running"


def judge(services, excused=()):
    """Judge whether a stack has converged.

    :param services: ``services`` of a manager's observation
    :param excused: names of services that are not waited for, since the one host that they can run on is away
    :return: ``Convergence``
    """
    result = Convergence(done=bool(services))
    for name, service in services.items():
        if name in excused:
            continue
        running = [task for task in service["tasks"] if is_up(task)]
        current = [task for task in running if task["current"]]
        result.sizes[name] = f"{len(current)}/{service['size']}"
        update = service["update"].get("State", "completed")
        if update.startswith("rollback") or update == "paused":
            result.failure = f"{name}: {service['update'].get('Message', update)}"
        if len(current) == service["size"] < len(running) and update == "completed":
            result.stale.append(name)
        if any(
            task["desired"] == "running" and task["state"] == "pending" and task["error"] for task in service["tasks"]
        ):
            result.homeless.append(name)
        if len(current) != service["size"] or len(running) != len(current) or update != "completed":
            result.done = False
            result.trouble = _trouble(name, service) or result.trouble
    return result


def _trouble(name, service):
    """Find the task that explains why a service is not as it should be, and count its like."""
    failed = [task for task in service["tasks"] if task["error"] or task["state"] in ("failed", "rejected")]
    update = service["update"]
    # What failed before the service was last changed has other reasons; but giving an update up is a change, too. Then
    # the update may name the task that ended it, and else it is one of the spec that was given up.
    candidates = [task for task in failed if task["updated"] >= service["updated"]]
    if update.get("State", "").startswith(("rollback", "paused")):
        named = [task for task in failed if task["id"] in update.get("Message", "")]
        candidates = named or [task for task in failed if not task["current"]] or failed
    if not candidates:
        return None
    waiting = [task for task in candidates if task["state"] == "pending"]
    newest = max(waiting or candidates, key=lambda task: task["updated"])
    count = Counter(task["error"] for task in failed)[newest["error"]]
    return dict(newest, service=name, count=count)
