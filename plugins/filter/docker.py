"""Filters of role docker: functions of plugin_utils, between JSON and types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts import host_upgrade
from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts.engine_restart import failure_lines, trouble
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import read_answer


def engine_trouble(answer: Mapping[str, object]) -> str:
    """Say what is wrong with an engine that was restarted, ``""`` for nothing.

    :param answer: result of ``flotilla.swarm.observe``
    """
    return trouble(read_answer("the host", answer))


def engine_failure(
    result: Mapping[str, object],
    journal: str,
    host: str,
    order: Sequence[Sequence[str]],
    left_out: Sequence[str],
    redirect: str,
) -> str:
    """Say why the engine of a host is not as the run requires.

    :param result: of the task that failed
    """
    reason = engine_trouble(result) if "observation" in result else str(result["msg"])
    return failure_lines(reason, journal, host, order, left_out, redirect)


def upgrade_failure(
    result: Mapping[str, object],
    journal: str,
    host: str,
    order: Sequence[Sequence[str]],
    left_out: Sequence[str],
    redirect: str,
) -> str:
    """Say why a host is not upgraded.

    :param result: of the task that failed
    """
    reason = engine_trouble(result) if "observation" in result else str(result["msg"])
    return host_upgrade.failure_lines(
        reason, host_upgrade.what_apt_said(result), journal, host, order, left_out, redirect
    )


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Map filter names to functions."""
        return {
            "engine_failure": engine_failure,
            "engine_trouble": engine_trouble,
            "upgrade_failure": upgrade_failure,
        }
