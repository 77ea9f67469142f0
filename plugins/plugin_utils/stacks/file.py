"""Read a stack file once, and say what of it the planner needs; the only place that reads its YAML."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from ..model.problem import ProblemError
from ..model.yaml import read_yaml
from .file_problems import fault, invalid_service, without_value
from .text import for_people

# A node's label that says: the volume of this name, and so its services, are here.
VOLUME_PREFIX = "flotilla.volume."
# While it moves, a label of the node that it moves to: the ID of the one that it comes from. What the volume has there
# is then a copy that was begun.
MOVING_PREFIX = "flotilla.moving."
# A label of a node that it was moved away from: the copy there is an old one.
MOVED_PREFIX = "flotilla.moved."
VOLUME_CONSTRAINT = re.compile(rf"node\.labels\.({re.escape(VOLUME_PREFIX)}[\w.-]+)\s*==\s*true")
VARIABLE = re.compile(r"\$(?:(?P<escaped>\$)|\{(?P<braced>\w+)\})")
# The tag at the end of an image's name, which a port in it is not.
TAG = re.compile(r":[^:/]+$")
# Visits that are enough to believe that a node reaches the others, and few enough to ask of every node.
MOST_VISITS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service of a stack file.

    :ivar ports: as they are written
    :ivar volumes: sources of its mounts
    :ivar secrets: sources of its secrets
    :ivar resources: by ``limits`` and ``reservations``, amounts by kind
    :ivar fields: all of it, for the checks of single fields
    """

    name: str
    image: str
    ports: tuple[object, ...]
    volumes: tuple[str, ...]
    constraints: tuple[str, ...]
    is_global: bool
    replicas: object
    resources: Mapping[str, Mapping[str, object]]
    has_networks: bool
    fields: Mapping[str, Any]

    @property
    def content_name(self) -> str:
        """Return the image as engines list it: one with a digest without its tag."""
        name, mark, digest = self.image.partition("@")
        return f"{TAG.sub('', name)}{mark}{digest}" if mark else name

    @property
    def volume_labels(self) -> list[str]:
        """List the labels that pin it to the node of a volume."""
        return VOLUME_CONSTRAINT.findall("\n".join(self.constraints))

    @property
    def is_stopped(self) -> bool:
        """Tell whether it has no task by its own word, which a user writes to stop it."""
        return not self.is_global and str(self.replicas) == "0"

    def published(self) -> list[int]:
        """List the ports that it publishes, in order.

        :raise ProblemError: a port is a range or a variable
        """
        return [number for number, _protocol, _mode in self._sockets()]

    def visited(self) -> list[int]:
        """List those of its ports at which each node takes connections: of TCP, through the routing mesh.

        :raise ProblemError: a port is a range or a variable
        """
        return [number for number, *kind in self._sockets() if kind == ["tcp", "ingress"]]

    def sockets(self) -> list[str]:
        """List what it publishes with the protocol, such as ``53/udp``.

        :raise ProblemError: see ``published``
        """
        return [f"{number}/{protocol}" for number, protocol, _mode in self._sockets()]

    def _sockets(self) -> Iterator[tuple[int, str, str]]:
        for port in self.ports:
            mode = "ingress"
            if isinstance(port, dict):
                text, protocol = str(port.get("published", "")), str(port.get("protocol", "tcp"))
                mode = str(port.get("mode", mode))
            else:
                text, protocol = _published(str(port)), str(port).partition("/")[2] or "tcp"
            if text and not text.isdecimal():
                raise fault(f"port {text}", "a plain number")
            if text:
                yield int(text), protocol, mode

    def tasks(self, hosts: int) -> int:
        """Return how many tasks it has on so many hosts."""
        return hosts if self.is_global else int(str(self.replicas))


@dataclass(frozen=True, slots=True)
class Page:
    """Where the stack answers visitors, and how many visits through one node reach each replica there.

    Swarm's routing mesh passes one visit after the other to the next replica, on whichever node it is.
    """

    port: int
    visits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StackFile:
    """A stack file.

    :ivar content: what it says, which nobody may change
    """

    text: str
    content: Mapping[str, Any]
    services: Mapping[str, Service]

    def section(self, name: str) -> Mapping[str, Mapping[str, Any]]:
        """Return ``secrets``, ``configs``, ``volumes`` or ``networks``; entries that say nothing are empty."""
        return {key: entry or {} for key, entry in (self.content.get(name) or {}).items()}

    @property
    def volume_labels(self) -> list[str]:
        """List the node labels that pin the stack's volumes."""
        return list(dict.fromkeys(VOLUME_CONSTRAINT.findall(self.text)))

    def volume_name(self, stack: str, key: str) -> str:
        """Return what the engine calls a volume of the file.

        :param stack: name of the file's stack
        """
        return str(self.section("volumes").get(key, {}).get("name") or f"{stack}_{key}")

    @property
    def images(self) -> set[str]:
        """Collect the images that it names, as engines list them."""
        return {service.content_name for service in self.services.values()}

    def names(self, *kinds: str) -> set[str]:
        """Collect the swarm's names of its objects.

        :param kinds: ``secrets``, ``configs``
        """
        return {entry["name"] for kind in kinds for entry in self.section(kind).values() if "name" in entry}

    def pinned_services(self, labels: Collection[str]) -> list[str]:
        """List the services that run only on a node with one of these labels."""
        return [name for name, service in self.services.items() if {*service.volume_labels} & {*labels}]

    def beside(self, label: str) -> frozenset[str]:
        """Return the labels of the volumes that a service mounts together with that of a label."""
        mounted = [{*service.volume_labels} for service in self.services.values()]
        return frozenset().union(*(labels for labels in mounted if label in labels)) - {label}

    def published(self) -> list[int]:
        """List the ports that it publishes, in order.

        :raise ProblemError: a port is a range or a variable
        """
        return [port for service in self.services.values() for port in service.published()]

    def page(self, port: int = 0) -> Page | None:
        """Tell where the stack answers visitors; ``None`` where no such port is published, or by stopped services only.

        :param port: that is visited, ``0`` for the first; the first, too, where it is not published, as in another
            release
        :raise ProblemError: see ``published``
        """
        running = [service for service in self.services.values() if not service.is_stopped]
        found = [(number, service) for service in running for number in service.visited()]
        chosen = [entry for entry in found if entry[0] == port] or found
        if not chosen:
            return None
        number, service = chosen[0]
        replicas = MOST_VISITS if service.is_global else int(str(service.replicas))
        return Page(number, max(1, min(replicas, MOST_VISITS)))

    def with_configs(self, objects: Mapping[str, str]) -> StackFile:
        """Let it name the swarm's objects instead of the files of its configs.

        :param objects: name of the object by config
        """
        named = {name: {"external": True, "name": key} for name, key in objects.items()}
        return make({**self.content, **({"configs": {**self.content["configs"], **named}} if named else {})})

    def render(self, variables: Mapping[str, object]) -> StackFile:
        """Fill in the names that the plan gives, in values only.

        Dollar signs in values are doubled, since the deploying command interpolates once more.

        :raise ProblemError: a variable has no value
        """
        missing: dict[str, None] = {}

        def fill(match: re.Match[str]) -> str:
            if match["escaped"]:
                return match[0]
            if match["braced"] not in variables:
                missing[match[0]] = None
            return str(variables.get(match["braced"], "")).replace("$", "$$")

        filled = make(_map_strings(self.content, lambda value: VARIABLE.sub(fill, value)))
        if missing:
            raise ProblemError(without_value(missing))
        return filled


@cache
def parse(text: str) -> StackFile:
    """Read a stack file, each text once in a run.

    :raise ProblemError: it is no YAML, no mapping with services, or a service has another form than it may
    """
    try:
        content = read_yaml(text)
    except yaml.YAMLError as error:
        raise fault(f"no YAML: {error}", "a stack file as docker stack deploy takes it") from error
    if not isinstance(content, dict) or not isinstance(content.get("services"), dict):
        raise fault("no services", "at least one")
    return _stack_file(text, content)


def make(content: Mapping[str, Any]) -> StackFile:
    """Write a stack file.

    :param content: what it says
    """
    return _stack_file(for_people(content), content)


def _stack_file(text: str, content: Mapping[str, Any]) -> StackFile:
    services = {name: _service(name, service) for name, service in content["services"].items()}
    return StackFile(text=text, content=content, services=services)


def _service(name: str, fields: Any) -> Service:
    """Take a service apart; what has the wrong form is a problem, whichever field it is in."""
    try:
        deploy = fields.get("deploy") or {}
        return Service(
            name=name,
            image=fields.get("image", ""),
            ports=tuple(fields.get("ports") or ()),
            volumes=tuple(_source(mount) for mount in fields.get("volumes") or ()),
            constraints=tuple((deploy.get("placement") or {}).get("constraints") or ()),
            is_global=deploy.get("mode") == "global",
            replicas=deploy.get("replicas", 1),
            resources={what: amounts or {} for what, amounts in (deploy.get("resources") or {}).items()},
            has_networks="networks" in fields,
            fields=fields,
        )
    except (AttributeError, TypeError) as error:
        raise ProblemError(invalid_service(name, "", error, "a service as in the Compose specification")) from error


def _source(mount: Any) -> str:
    return str(mount.get("source", "") if isinstance(mount, dict) else mount.split(":")[0])


def _published(text: str) -> str:
    """Take the published port from ``[address:]published:target[/protocol]``; ``""`` where only a target is given."""
    return (text.split("/")[0].rsplit(":", 1)[:-1] or [""])[0].rsplit(":", 1)[-1]


def _map_strings(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _map_strings(entry, change) for key, entry in value.items()}
    if isinstance(value, list):
        return [_map_strings(entry, change) for entry in value]
    return change(value) if isinstance(value, str) else value
