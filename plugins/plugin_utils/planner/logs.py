"""Plan what is shown of the services' logs; nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...module_utils.observation import Observed
from ..model.problem import Problem
from .arguments.stack import ShowLogs
from .result import HostPlan, Plan
from .situation import Situation, no_manager, wrong_option

SINCE = re.compile(r"(\d+)([smhd])")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def plan_logs(now: Situation) -> Plan:
    """Let the first manager that answers for the swarm show the logs that were asked for."""
    if not now.answering:
        return Plan(problems=(no_manager(now),))
    name, manager = next(iter(now.answering.items()))
    asked, there = now.site.logs, list(_services(now, manager))
    chosen = [f"{stack}_{service}" for stack, service in there if asked.service in ("", service)]
    if problems := tuple(_problems(now, there, chosen)):
        return Plan(problems=problems)
    since = SINCE.fullmatch(asked.since)
    show = ShowLogs(
        services=tuple(chosen),
        seconds=int(since[1]) * SECONDS[since[2]] if since else 0,
        lines=asked.lines,
        follow=asked.follow,
    )
    return Plan(hosts={**{host: HostPlan() for host in now.hosts}, name: HostPlan(show_logs=show)})


def _services(now: Situation, manager: Observed) -> Iterator[tuple[str, str]]:
    for stack in now.site.stacks:
        if now.site.is_chosen(stack.name) and stack.name in (manager.stacks or {}):
            for service in (manager.stacks or {})[stack.name].services:
                yield stack.name, service


def _problems(now: Situation, there: list[tuple[str, str]], chosen: list[str]) -> Iterator[Problem]:
    asked = now.site.logs
    if not chosen:
        names = ", ".join(dict.fromkeys(service for _stack, service in there)) or "none runs"
        yield wrong_option("service", asked.service or "no service that runs", f"a service that runs: {names}")
    if asked.since and not SINCE.fullmatch(asked.since):
        yield wrong_option("since", asked.since, "a time such as 30s, 10m, 2h or 3d")
    if asked.lines < 1:
        yield wrong_option("lines", str(asked.lines), "a whole number, at least 1")
