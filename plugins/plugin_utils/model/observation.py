"""What was observed of hosts; the only place that reads what ``flotilla.swarm.observe`` answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ...module_utils.observation import Observed
from .decode import decode
from .desired import Desired, read_desired

# Bytes. A manager lists 300 nodes in 64 KiB and 10000 tasks in 2 MiB (simulated answers of bench/plan.py).
LARGEST = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A host that could not be reached, and what connecting to it said."""

    reason: str


Observation = Observed | Unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What a host is to be, and what was observed of it."""

    desired: Desired
    observation: Observation


def parse(text: str) -> dict[str, object]:
    """Take apart the text that the module ``flotilla.swarm.observe`` answers with.

    :param text: whatever the host sent
    :raise ValueError: it is no host's state
    """
    try:
        if len(text) > LARGEST:
            raise ValueError(f"{len(text)} bytes, at most {LARGEST} are expected")
        observation = json.loads(text)
        return dict(observation, system=dict(observation["system"]))
    except (TypeError, LookupError, RecursionError) as error:
        raise ValueError(f"it has another shape than expected ({error!r})") from error


def read_observed(host: str, answer: Mapping[str, object]) -> Observed:
    """Read what a host answered.

    :raise DecodeError: the answer has another shape; names host and field
    """
    return decode(Observed, answer, host)


def read_answer(host: str, answer: Mapping[str, object]) -> Observation:
    """Read the result of ``flotilla.swarm.observe``, which has no ``observation`` where the host was not reached.

    :raise DecodeError: it has another shape
    """
    if "observation" in answer:
        return decode(Observed, answer["observation"], host)
    return Unreachable(str(answer.get("msg", "no reason given")))


def read(host: str, answer: Mapping[str, object]) -> Host:
    """Read the result of ``flotilla.swarm.observe`` for one host.

    :param answer: ``desired`` and ``observation``; or ``desired`` and ``unreachable`` (the reason)
    :raise DecodeError: it has another shape
    """
    desired = read_desired(host, answer["desired"])
    if "observation" in answer:
        return Host(desired=desired, observation=decode(Observed, answer["observation"], host))
    return Host(desired=desired, observation=Unreachable(str(answer["unreachable"])))
