"""Say why an engine did not start, and in what state that leaves a site whose engines are restarted one by one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...module_utils.daemon_config import without_logins
from ..model.observation import Observation, Unreachable
from ..model.problem import Code, Problem
from ..swarm.quorum import loss_while_away

# As journalctl prints them: time, host, who says it, with or without its process ID, and what.
LINE = re.compile(r"^\S+ \S+ (?P<who>[^\s\[]+)(?:\[\d+\])?: (?P<text>.*)$")
# systemd's sentences about the unit; their beginnings have been the same since 2021 (version 249).
BEGUN = re.compile(r"Starting docker\.service\b|Starting Docker Application Container Engine")
UP = re.compile(r"Started docker\.service\b|Started Docker Application Container Engine")
TOLD = re.compile(r"exited|[Ff]ailed|timed out|[Kk]illed|Unable to")
ENDED = "No further engine was restarted, and the run ended here."
MEMBERS = ("active", "inactive")
# Seconds that a host may take to serve again. With a reboot before it, this stays below the lease of a run's lock.
PATIENCE = 300


def why_not_started(journal: str) -> str:
    """Find in the journal of docker.service why its last attempt to start failed.

    :param journal: its last lines, as ``journalctl --output short-iso`` prints them
    :return: what dockerd said last, else what systemd said first of a failure, without logins in addresses; ``""``
        where the engine came up, or nothing is told
    """
    attempts: list[list[re.Match[str]]] = []
    for line in filter(None, map(LINE.match, journal.splitlines())):
        if BEGUN.match(line["text"]):
            attempts.append([])
        elif attempts:
            attempts[-1].append(line)
    # systemd may have begun another attempt meanwhile, of which nothing is told yet.
    for attempt in reversed(attempts):
        if any(UP.match(line["text"]) for line in attempt):
            return ""
        own = [line["text"] for line in attempt if line["who"] == "dockerd" and not line["text"].startswith("time=")]
        others = [line["text"] for line in attempt if line["who"] != "dockerd" and TOLD.search(line["text"])]
        for text in own[-1:] + others[:1]:
            return without_logins(text)
    return ""


def trouble(observation: Observation) -> str:
    """Say what is wrong with an engine that was restarted.

    :return: ``""`` where it answers, is in its swarm where it is in one, and serves the page where one was asked for
    """
    if isinstance(observation, Unreachable):
        return f"the host no longer answers ({observation.reason})"
    swarm = observation.swarm
    if not observation.engine:
        return "its engine was started, but does not answer"
    if swarm.state not in MEMBERS:
        return f"its engine runs, but in the swarm it is {swarm.state} ({swarm.error or 'no reason given'})"
    own = next((node for node in observation.nodes or () if node.id == swarm.node_id), None)
    if own and own.reachability not in ("", "reachable"):
        return "its engine runs, but the other managers do not reach it"
    silence = next(filter(None, observation.pages.values()), "")
    if silence:
        return f"its engine runs, but the page does not answer there ({silence})"
    return ""


def refusal(observation: Observation) -> Problem | None:
    """Tell whether a manager may be changed now, whatever has become of the others since the run was planned.

    :param observation: of that manager
    :return: what forbids it
    """
    if isinstance(observation, Unreachable):
        found, fix = f"a manager that does not answer ({observation.reason})", "See what keeps it from answering"
    elif observation.nodes is None:
        why = observation.swarm.error or f"the swarm is {observation.swarm.state} there"
        found, fix = f"a manager that cannot ask its swarm ({why})", "Bring managers back"
    else:
        return loss_while_away(observation.nodes, observation.swarm.node_id, "changing it")
    return Problem(
        code=Code.SWARM_WITHOUT_QUORUM,
        found=found,
        expected="a majority of the managers; until then nothing can be changed, and running tasks go on",
        fix=f"{fix}, then run again",
    )


@dataclass(frozen=True, slots=True)
class End:
    """Where a rolling change ended.

    :ivar host: inventory name of the host that it ended at
    :ivar order: inventory names of all hosts that the run changes, batch after batch; without ``host`` where it only
        starts that one's engine
    :ivar left_out: those of them that were not reached when their turn came
    :ivar redirect: address of the host that visitors of ``host`` are led to, ``""`` for none
    """

    host: str
    order: Sequence[Sequence[str]]
    left_out: Sequence[str]
    redirect: str = ""

    def lines(self, first: str, *, is_begun: bool = True) -> list[str]:
        """Say which hosts are changed, none where there is no order, and where visitors are led.

        :param first: what is said before
        :param is_begun: whether the change of ``host`` was begun; else it has its turn alone
        """
        led = [f"Until the next run, visitors of {self.host} are led to {self.redirect}."] * bool(self.redirect)
        place = next((number for number, batch in enumerate(self.order) if self.host in batch), None)
        if place is None:
            return led
        parts = (self.order[:place], self.order[place + 1 :])
        before, after = ([name for batch in part for name in batch] for part in parts)
        told = {
            "Changed at the same time, and to the end of their turn": [x for x in self.order[place] if x != self.host],
            "Changed, and up again": [name for name in before if name not in self.left_out],
            "Not reached when their turn came, and not touched": [name for name in before if name in self.left_out],
            "Not touched": after if is_begun else [self.host, *after],
        }
        return [first, *(f"{text}: {', '.join(names)}." for text, names in told.items() if names), *led]


def refusal_lines(end: End) -> list[str]:
    """Say that a manager is not changed although it is its turn, and how the site is; for why, see ``refusal``."""
    changed = f"{end.host}: it was not changed, since its swarm is not as it was when the run was planned"
    return [changed, *end.lines(ENDED, is_begun=False)]


def failure_lines(reason: str, journal: str, end: End) -> str:
    """Say why the engine of a host is not as the run wants it, how the site is now, and what to do.

    :param reason: why the task failed; see ``trouble``
    :param journal: see ``why_not_started``
    :return: text of several lines
    """
    # systemd's own words only point to the journal.
    why = why_not_started(journal) if reason.startswith("Unable to ") else ""
    lines = [f"{end.host}: its engine did not start: {why}" if why else f"{end.host}: {reason}", *end.lines(ENDED)]
    lines.append(
        f"On {end.host}, journalctl --unit docker tells more. Repair what it names, or take back what this run brings, "
        "such as docker_daemon_options, and run site.yml again: it starts this engine first, then goes on."
    )
    return "\n".join(lines)
