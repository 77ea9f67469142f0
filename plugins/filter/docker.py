"""Filters of role docker: functions of plugin_utils, between JSON and types."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts import host_upgrade
from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts.engine_restart import (
    PATIENCE,
    End,
    failure_lines,
    refusal,
    refusal_lines,
    trouble,
)
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import read_answer
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.problems import problem_lines


def engine_trouble(answer: Mapping[str, object]) -> str:
    """Say what is wrong with an engine that was restarted, ``""`` for nothing.

    :param answer: result of ``flotilla.swarm.observe``
    """
    return trouble(read_answer("the host", answer))


def is_awaited(answer: Mapping[str, object], begun: int) -> bool:
    """Tell whether an engine that was restarted is waited for no longer, because it is back or takes too long.

    :param answer: result of ``flotilla.swarm.observe``
    :param begun: when the waiting began, in seconds since 1970
    """
    return not engine_trouble(answer) or time.time() - begun > PATIENCE


def turn_failure(
    result: Mapping[str, object],
    journal: str,
    host: str,
    order: Sequence[Sequence[str]],
    left_out: Sequence[str],
    redirect: str,
    *,
    is_upgrade: bool = False,
) -> str:
    """Say why the engine of a host is not as the run requires, or its packages; for the others see ``End``.

    :param result: of the task that failed
    """
    reason = engine_trouble(result) if "observation" in result else str(result["msg"])
    end = End(host, order, left_out, redirect)
    if is_upgrade:
        return host_upgrade.failure_lines(reason, host_upgrade.what_apt_said(result), journal, end)
    return failure_lines(reason, journal, end)


def turn_refused(
    answer: Mapping[str, object], host: str, order: Sequence[Sequence[str]] = (), left_out: Sequence[str] = ()
) -> str:
    """Say why a manager must not be changed now, and how the site is; ``""`` where it may.

    :param answer: its own result of ``flotilla.swarm.observe``
    """
    problem = refusal(read_answer("the host", answer))
    return "\n".join([*refusal_lines(End(host, order, left_out)), *problem_lines(problem)]) if problem else ""


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Map filter names to functions."""
        return {
            "engine_trouble": engine_trouble,
            "is_awaited": is_awaited,
            "turn_failure": turn_failure,
            "turn_refused": turn_refused,
        }
