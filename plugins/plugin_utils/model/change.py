"""What a run does on a host, as a person would say it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do on one host; the plan says in which phase.

    :ivar text: what is done, such as ``"install docker.io"``
    :ivar before: state before, for ``--diff``
    :ivar after: state after
    :ivar path: file that before and after are the contents of, or ``""``
    """

    text: str
    before: str = ""
    after: str = ""
    path: str = ""
