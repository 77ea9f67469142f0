"""What ``flotilla.swarm.observe`` left with each host, and the hosts that it left nothing with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..model.problem import Code, Problem

# Variables of a host, or the result of a task.
Raw = Mapping[str, Any]


def collect(hosts: Sequence[str], hostvars: Mapping[str, Raw], variable: str) -> dict[str, Raw]:
    """Return the answers of hosts.

    :param hosts: inventory names
    :param variable: that the task registered
    """
    return {name: _answer(hostvars[name], variable) for name in hosts}


def _answer(own: Raw, variable: str) -> Raw:
    answer: Raw = own.get(variable) or {}
    if not answer.get("unreachable"):
        return answer
    # Of a host that could not be reached there is what the inventory says.
    expected = {
        "advertise_addr": own.get("swarm_advertise_addr", ""),
        "ansible_host": own.get("ansible_host", own["inventory_hostname"]),
    }
    return {"desired": {"swarm": expected}, "unreachable": answer.get("msg", "no reason given")}


def unreadable(answers: Mapping[str, Raw]) -> list[str]:
    """Return why the questions to hosts could not be read, each reason once."""
    return list(dict.fromkeys(answer["unreadable"] for answer in answers.values() if "unreadable" in answer))


def not_rehearsed(managers: tuple[str, ...]) -> Problem:
    """Say that a manager did not tell what a deploy would change, though it was asked."""
    return Problem(
        code=Code.HOST_NOT_OBSERVED,
        hosts=managers,
        found="no answer to what a deploy would change of a stack that runs already",
        expected="an answer",
        fix="Run again",
    )


def missing(answers: Mapping[str, Raw]) -> Iterator[Problem]:
    """Name the hosts on which the task itself failed."""
    for name, answer in answers.items():
        if not {"observation", "unreachable", "unreadable"} & answer.keys():
            yield Problem(
                code=Code.HOST_NOT_OBSERVED,
                hosts=(name,),
                found="no answer of the task that observes it; its error stands above",
                expected="an answer",
                fix="Correct that error, then run again",
            )
