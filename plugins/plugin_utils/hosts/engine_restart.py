"""Say why an engine did not start, and in what state that leaves a site whose engines are restarted one by one."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
LED = "Until the next run, visitors of {} are led to {}."
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


def refusal_lines(host: str, order: Sequence[Sequence[str]], left_out: Sequence[str]) -> list[str]:
    """Say that a manager is not changed although it is its turn, and how the site is; for why, see ``refusal``.

    :param host: the manager's inventory name
    :param order: see ``failure_lines``
    :param left_out: see ``failure_lines``
    """
    lines = [ENDED, *turn_lines(host, order, left_out, is_begun=False)] if order else []
    return [f"{host}: it was not changed, since its swarm is not as it was when the run was planned", *lines]


def failure_lines(
    reason: str, journal: str, host: str, order: Sequence[Sequence[str]], left_out: Sequence[str], redirect: str
) -> str:
    """Say why the engine of a host is not as the run wants it, how the site is now, and what to do.

    :param reason: why the task failed; see ``trouble``
    :param journal: see ``why_not_started``
    :param host: the host's inventory name
    :param order: inventory names of all hosts whose engines are restarted in this run, batch after batch; without
        ``host`` where its engine is not among them
    :param left_out: those of them that were not reached when their turn came
    :param redirect: address of the host that its visitors are led to, ``""`` for none
    :return: text of several lines
    """
    # systemd's own words only point to the journal.
    why = why_not_started(journal) if reason.startswith("Unable to ") else ""
    lines = [f"{host}: its engine did not start: {why}" if why else f"{host}: {reason}"]
    lines += [ENDED, *turn_lines(host, order, left_out)] if any(host in batch for batch in order) else []
    lines += [LED.format(host, redirect)] * bool(redirect)
    lines.append(
        f"On {host}, journalctl --unit docker tells more. Repair what it names, or take back what this run brings, "
        "such as docker_daemon_options, and run site.yml again: it starts this engine first, then goes on."
    )
    return "\n".join(lines)


def turn_lines(
    host: str, order: Sequence[Sequence[str]], left_out: Sequence[str], *, is_begun: bool = True
) -> list[str]:
    """Say which hosts of a rolling change are changed that ended at one of them; for the parameters see above.

    :param is_begun: whether that one's change was begun; else it has its turn alone
    """
    place = next(number for number, batch in enumerate(order) if host in batch)
    before, after = ([name for batch in part for name in batch] for part in (order[:place], order[place + 1 :]))
    told = {
        "Changed at the same time, and to the end of their turn": [name for name in order[place] if name != host],
        "Changed, and up again": [name for name in before if name not in left_out],
        "Not reached when their turn came, and not touched": [name for name in before if name in left_out],
        "Not touched": after if is_begun else [host, *after],
    }
    return [f"{text}: {', '.join(names)}." for text, names in told.items() if names]
