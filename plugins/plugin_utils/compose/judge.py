"""Tell what of a service Swarm does otherwise, and refuse what it cannot do."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from .fields import BY_NAME, SECURITY_OPT, Fate
from .notes import Notes

# Conditions of ``depends_on``; by default a service has only to be started.
ENDED, HEALTHY = "service_completed_successfully", "service_healthy"
# Values by which a key asks for what tasks have anyway.
USUAL = {"ipc": ("private",), "network_mode": ("bridge", "default")}
# What the swarm itself fills in (docs.docker.com, "Create services using templates"), and what it does not.
TEMPLATE = re.compile(r"\{\{.*?\}\}")
OF_SWARM = re.compile(r"\{\{-?\s*(index\s+)?\.(Service|Node|Task)\b.*\}\}")
LONGEST = 60


def judge_fields(key: str, given: Mapping[str, Any], notes: Notes) -> None:
    """Judge each key by the table of ``fields``.

    :param key: of the service
    :param given: as Compose resolved it, without what says nothing
    """
    judges = {"depends_on": _judge_dependencies, "security_opt": _judge_security, "links": _judge_links}
    for what, value in given.items():
        field = BY_NAME.get(what)
        if what in judges:
            judges[what](key, value, notes)
        elif not field and not what.startswith("x-"):
            notes.refuse(f"{key}.{what}", "a key that has no place in a swarm", "Remove it")
        elif field and field.fate is Fate.WARNED:
            notes.warn(f"{key}.{what}", field.text)
        elif field and field.fate is Fate.REFUSED and value not in USUAL.get(what, ()):
            notes.refuse(f"{key}.{what}", _short(value), f"{field.text[0].upper()}{field.text[1:]}")
    _judge_values(key, given, notes)


def _judge_values(key: str, given: Mapping[str, Any], notes: Notes) -> None:
    """Judge keys that Swarm has, too, but not with every value."""
    for name, value in (given.get("environment") or {}).items():
        if value is None:
            fix = f"set {name} in environment of the stack's entry, or remove it here"
            notes.warn(f"{key}.environment.{name}", f"it has no value, and tasks run without it: {fix}")
        foreign = [text for text in TEMPLATE.findall(str(value)) if not OF_SWARM.fullmatch(text)]
        if foreign:
            fix = 'Write {{"{{"}} for two braces: Swarm fills in templates of its own'
            notes.refuse(f"{key}.environment", f"{name}: {_short(foreign[0])}", fix)
    if any(str(label).startswith("traefik.") for label in given.get("labels") or {}):
        notes.warn(f"{key}.labels", "Traefik reads the labels of a swarm's services in deploy.labels")
    if (given.get("deploy") or {}).get("endpoint_mode") == "dnsrr" and any(
        port.get("mode", "ingress") == "ingress" and port.get("published") for port in given.get("ports", ())
    ):
        fix = "Publish with mode: host, or leave endpoint_mode out"
        notes.refuse(f"{key}.deploy.endpoint_mode", "dnsrr with a published port", fix)


def judge_emptied(key: str, fields: Mapping[str, Any], notes: Notes) -> None:
    """Refuse what is there and empty, where Swarm cannot tell that from nothing.

    :param fields: as Compose resolved it
    """
    if fields.get("entrypoint") in ([], ""):
        fix = "Write the command as entrypoint, with all of its words"
        notes.refuse(f"{key}.entrypoint", "an empty one in place of the image's", fix)


def _judge_dependencies(key: str, value: Mapping[str, Any], notes: Notes) -> None:
    conditions = {str(dependency.get("condition", "")) for dependency in value.values()}
    if ENDED in conditions:
        fix = "Let the service itself do that when it starts: Swarm starts all services at once"
        notes.refuse(f"{key}.depends_on", f"condition: {ENDED}", fix)
    elif HEALTHY in conditions:
        notes.warn(f"{key}.depends_on", BY_NAME["depends_on"].text)


def _judge_security(key: str, value: Collection[str], notes: Notes) -> None:
    others = [option for option in value if not option.startswith("no-new-privileges")]
    if others:
        fix = "Swarm has no such option; run it outside of the swarm, or remove it if the service runs without"
        notes.refuse(f"{key}.security_opt", ", ".join(others), fix)
    else:
        notes.warn(f"{key}.security_opt", SECURITY_OPT.text)


def _judge_links(key: str, value: Collection[str], notes: Notes) -> None:
    """Let a link pass that gives no other name: services of a network reach each other by theirs."""
    renamed = [link for link in value if link.partition(":")[2] not in ("", link.partition(":")[0])]
    if renamed:
        notes.refuse(f"{key}.links", ", ".join(renamed), BY_NAME["links"].text.capitalize())


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
