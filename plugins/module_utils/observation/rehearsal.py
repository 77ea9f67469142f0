"""What is observed of a deploy that is only rehearsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rehearsal:
    """What ``docker stack deploy`` would make of a stack's services.

    :ivar specs: as the engine would get them, by name without the stack's prefix
    :ivar networks: the swarm's networks, name by ID
    :ivar error: why the command refuses the stack file, ``""`` where it does not
    """

    specs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    networks: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
