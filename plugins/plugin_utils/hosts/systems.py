"""The systems and engines that flotilla supports; docs/engine.md shows them, and a test keeps both equal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class System:
    """One release of a distribution.

    :ivar codename: what package repositories call it
    :ivar proven: whether the tests run on it; else it is of a proven family
    """

    codename: str
    proven: bool


SYSTEMS = {"debian 13": System("trixie", proven=True), "ubuntu 24.04": System("noble", proven=False)}
# start_interval of health checks came with Docker 25 (https://docs.docker.com/engine/release-notes/25.0/).
ENGINE = 25


def note(name: str) -> str:
    """Say what a user should read about a host's system.

    :param name: such as ``"debian 13"``
    :return: str, ``""`` for a proven one
    """
    system = SYSTEMS.get(name)
    return f"its system {name} is not proven, only of a proven family" if system and not system.proven else ""
