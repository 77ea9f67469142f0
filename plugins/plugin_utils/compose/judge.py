"""Tell what of a service Swarm does otherwise, and refuse what it cannot do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .fields import BY_NAME, SECURITY_OPT, Fate
from .notes import Notes

# Conditions of ``depends_on``; by default a service has only to be started.
ENDED, HEALTHY = "service_completed_successfully", "service_healthy"


def judge_fields(key: str, given: Mapping[str, Any], notes: Notes) -> None:
    """Judge each key by the table of ``fields``.

    :param key: of the service
    """
    for what, value in given.items():
        field = BY_NAME.get(what)
        if what == "depends_on":
            _judge_dependencies(key, value, notes)
        elif what == "security_opt":
            _judge_security(key, value, notes)
        elif not field and not what.startswith("x-"):
            notes.refuse(f"{key}.{what}", "a key that has no place in a swarm", "Remove it")
        elif field and field.fate is Fate.WARNED:
            notes.warn(f"{key}.{what}", field.text)
        elif field and field.fate is Fate.REFUSED:
            notes.refuse(f"{key}.{what}", _short(value), f"{field.text[0].upper()}{field.text[1:]}")


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


def _short(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
