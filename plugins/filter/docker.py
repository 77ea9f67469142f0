"""Filters of role docker: functions of plugin_utils, between JSON and types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts.engine_restart import (
    failure_lines,
    node_trouble,
    trouble,
)
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import read_answer


def engine_trouble(answer: Mapping[str, object]) -> str:
    """Say what is wrong with an engine that was restarted, ``""`` for nothing.

    :param answer: result of ``flotilla.swarm.observe``
    """
    return trouble(read_answer("the host", answer))


def engine_failure(
    result: Mapping[str, Any],
    journal: str,
    host: str,
    order: Sequence[Sequence[str]],
    left_out: Sequence[str],
    redirect: str,
) -> str:
    """Say why the engine of a host is not as the run requires.

    :param result: of the task that failed
    """
    return failure_lines(_reason(result), journal, host, order, left_out, redirect)


def _reason(result: Mapping[str, Any]) -> str:
    if "observation" in result:
        return engine_trouble(result)
    # It failed as nothing had changed until the end.
    return node_trouble(result["nodes"], result["nodes"]) if "nodes" in result else str(result["msg"])


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Map filter names to functions."""
        return {"engine_failure": engine_failure, "engine_trouble": engine_trouble, "node_trouble": node_trouble}
