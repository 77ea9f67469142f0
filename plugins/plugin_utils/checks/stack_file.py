"""Check stack files against the hosts that they will run on and each other, before the engine is asked to."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils.observation import Observed
from ...module_utils.observation.stack import Network, Publisher
from ..model.problem import Code, Problem, ProblemError, Rule
from ..stacks import placement
from ..stacks.file import Service, StackFile
from ..stacks.file_problems import invalid_service
from ..stacks.placement import Candidate, FieldError, fits

SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
UNITS = " kmgt"


@dataclass(frozen=True, slots=True)
class StackFacts:
    """What the checks of a stack file may read.

    :ivar file: rendered
    :ivar nodes: one for each host
    :ivar secrets: names of the swarm's secrets, those that this run will create included
    :ivar stack: its name
    :ivar networks: that the stack has, by their names in the swarm
    """

    file: StackFile
    nodes: Sequence[Candidate]
    secrets: Collection[str]
    stack: str
    networks: Mapping[str, Network]


@dataclass(frozen=True, slots=True)
class AllFacts:
    """What the checks of all stack files together may read.

    :ivar files: by stack, rendered
    :ivar nodes: one for each host
    """

    files: Mapping[str, StackFile]
    nodes: Sequence[Candidate]


def check_constraints(file: StackFile) -> None:
    """See that it can be said where tasks may run, which more is planned by than the checks of the file.

    :raise ProblemError: a constraint is none
    """
    for name, service in file.services.items():
        try:
            placement.check(service.constraints)
        except FieldError as error:
            raise ProblemError(invalid_service(name, *error.args)) from error


def external_secrets_are_there(facts: StackFacts) -> Iterator[Problem]:
    """A secret that the file takes for given is in the swarm, or will be."""
    for key, secret in facts.file.section("secrets").items():
        name = secret.get("name", key)
        if secret.get("external") and name not in facts.secrets:
            yield Problem(
                code=Code.SECRET_MISSING,
                where=f".files: secrets.{key}",
                found=f"external: true, but the swarm has no secret {name}",
                expected="a secret that is there or that flotilla makes",
                fix=f"List {key} in secrets of the stack, or create it on a manager (docker secret create)",
            )


def networks_are_as_they_were_made(facts: StackFacts) -> Iterator[Problem]:
    """A network that is there is what the file says: a deploy keeps it as it is, and says nothing."""
    for key, entry in facts.file.section("networks").items():
        made = facts.networks.get(name := entry.get("name", f"{facts.stack}_{key}"))
        if made is None or entry.get("external"):
            continue
        for what, expected, found in _differences(entry, made):
            yield Problem(
                code=Code.NETWORK_DIFFERS,
                where=f".files: networks.{key}.{what}",
                found=f"{found} of network {name}, which is in the swarm and cannot be changed",
                expected=expected,
                fix="Give the network another name in the Compose file, or remove the stack first (remove.yml)",
            )


def _differences(entry: Mapping[str, Any], made: Network) -> Iterator[tuple[str, str, str]]:
    """Compare a network with the one that was made: the key, what is expected, and what was found."""
    options = {key: str(value) for key, value in (entry.get("driver_opts") or {}).items()}
    subnets = tuple(pool["subnet"] for pool in (entry.get("ipam") or {}).get("config") or ())
    for what, expected, found in (
        ("driver", entry.get("driver", "overlay"), made.driver),
        ("driver_opts", options, dict(made.options)),
        ("internal", bool(entry.get("internal")), made.internal),
        ("attachable", bool(entry.get("attachable")), made.attachable),
        # Without a subnet in the file, Swarm has chosen one.
        ("ipam", subnets or made.subnets, made.subnets),
    ):
        if expected != found:
            yield what, _show(expected), _show(found)


def _show(value: object) -> str:
    """Write an option as the file has it."""
    return json.dumps(value) if value or value is False else "none"


def services_can_run(facts: StackFacts) -> Iterator[Problem]:
    """Some host can carry the tasks of each service."""
    for name, service in facts.file.services.items():
        try:
            yield from _place(service, facts.nodes)
        except FieldError as error:
            yield invalid_service(name, *error.args)
        except (ValueError, TypeError, AttributeError) as error:
            yield invalid_service(name, "", error, "a service as in the Compose specification")


def _place(service: Service, nodes: Sequence[Candidate]) -> Iterator[Problem]:
    if service.is_stopped:
        return
    fitting = [node for node in nodes if fits(service.constraints, node)]
    if not fitting:
        yield Problem(
            code=Code.SERVICE_UNPLACEABLE,
            where=f".files: services.{service.name}",
            found="no host that satisfies its constraints",
            expected=" and ".join(service.constraints),
            fix="Change its placement, or give a host that label or role",
        )
        return
    for what, amounts in service.resources.items():
        for kind in ("cpus", "memory"):
            amount = _amount(kind, amounts.get(kind, 0))
            largest = max(capacity(node, kind) for node in fitting)
            # The engine refuses more CPUs than there are; memory it lets a task use up to whatever limit.
            if amount > largest and (what, kind) != ("limits", "memory"):
                yield Problem(
                    code=Code.SERVICE_TOO_LARGE,
                    where=f".files: services.{service.name}.deploy.resources.{what}.{kind}",
                    found=f"{show(kind, amount)} for one task",
                    expected=f"at most {show(kind, largest)}, as the largest host for it has",
                    fix="Lower it, or use larger hosts",
                )


def reservations_fit_on_all_hosts(facts: AllFacts) -> Iterator[Problem]:
    """The tasks of all stacks together reserve no more than there is."""
    for kind in ("cpus", "memory"):
        services = [service for file in facts.files.values() for service in file.services.values()]
        amount = sum(_reserved(kind, service, facts.nodes) for service in services)
        there = sum(capacity(node, kind) for node in facts.nodes)
        if amount > there:
            yield Problem(
                code=Code.STACK_TOO_LARGE,
                where="stacks",
                found=f"{show(kind, amount)} reserved by all tasks",
                expected=f"at most {show(kind, there)}, as the hosts have",
                fix="Lower replicas or reservations, or add hosts",
            )


def ports_are_published_once(files: Mapping[str, StackFile]) -> Iterator[Problem]:
    """Each port of the nodes is one service's.

    :param files: by stack
    """
    owners: dict[str, list[tuple[str, str]]] = {}
    for stack, file in files.items():
        for service in file.services.values():
            for socket in service.sockets():
                owners.setdefault(socket, []).append((stack, service.name))
    for socket, found in owners.items():
        stacks = [*dict.fromkeys(stack for stack, _ in found)]
        names = f"the stacks {' and '.join(stacks)}"
        if len(stacks) == 1:
            names = f"{stacks[0]}: {' and '.join(service for _, service in found)}"
        if len(found) > 1:
            yield Problem(
                code=Code.PORT_PUBLISHED_TWICE,
                where=socket.removesuffix("/tcp"),
                found=f"a port that is published by {names}",
                expected="a port that is published once",
                fix="Publish another port in one of them",
            )


def ports_are_not_taken(
    files: Mapping[str, StackFile], stacks: Collection[str], manager: Observed
) -> Iterator[Problem]:
    """No service of others has a port of the routing mesh that a stack publishes: Swarm refuses the second one.

    :param files: by stack, of those that are deployed
    :param stacks: names of all stacks of the inventory
    """
    for stack, file in files.items():
        for service in file.services.values():
            for socket in service.sockets():
                other = manager.published.get(socket)
                if other and other.ingress and other.stack not in stacks:
                    yield Problem(
                        code=Code.PORT_IN_USE,
                        where=socket.removesuffix("/tcp"),
                        found=f"published by service {other.service}, which is not in the inventory",
                        expected=f"a free port for {stack}: {service.name}",
                        fix=f"Run {_removal(other, manager)}, or publish another port in the Compose file",
                    )


def _removal(other: Publisher, manager: Observed) -> str:
    if other.stack in manager.kept_stacks:
        return f"playbooks/remove.yml -e stack={other.stack}"
    what = f"stack rm {other.stack}" if other.stack else f"service rm {other.service}"
    return f"docker {what} on a manager"


def _reserved(kind: str, service: Service, nodes: Sequence[Candidate]) -> float:
    amount = _amount(kind, service.resources.get("reservations", {}).get(kind, 0))
    return amount * service.tasks(sum(fits(service.constraints, node) for node in nodes))


def network_needs(files: Collection[StackFile], hosts: int) -> tuple[int, int]:
    """Tell what all stacks need of the swarm's address pools.

    :return: how many overlay networks there will be, and how many addresses the largest may need: one for each host,
        service and task
    """
    services = [service for file in files for service in file.services.values()]
    networks = 1 + sum(_networks(file) for file in files)
    return networks, hosts + len(services) + sum(service.tasks(hosts) for service in services)


def _networks(file: StackFile) -> int:
    """Count the networks of a stack, with the default one where a service names none."""
    own = [network for network in file.section("networks").values() if not network.get("external")]
    return len(own) + (not all(service.has_networks for service in file.services.values()))


def _amount(kind: str, value: object) -> float:
    if kind == "cpus":
        return float(str(value))
    match = SIZE.fullmatch(str(value))
    if not match:
        raise FieldError("deploy.resources", f"memory {value}", "a size such as 50M")
    return float(match[1]) * 1024.0 ** UNITS.index(match[2].lower() or " ")


def capacity(node: Candidate, kind: str) -> int:
    """Return how many CPUs or bytes of memory a host has."""
    return node.cpus if kind == "cpus" else node.memory_mib * 2**20


def show(kind: str, amount: float) -> str:
    """Write an amount for people."""
    return f"{amount:g} CPUs" if kind == "cpus" else f"{amount / 2**20:.0f} MiB of memory"


RULES = (
    Rule(external_secrets_are_there),
    Rule(networks_are_as_they_were_made),
    Rule(services_can_run),
)
ALL_RULES = (Rule(reservations_fit_on_all_hosts),)
