"""Filters of the phases' plays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible import context
from ansible.errors import AnsibleFilterError


def hosts_in(hostvars: Mapping[str, Any], phase: str) -> list[str]:
    """List the hosts of a phase, as ``flotilla.swarm.plan`` leaves them with localhost.

    :raise AnsibleFilterError: there is no plan
    """
    if any(context.CLIARGS.get(option) for option in ONLY_READ):
        return []
    # Before any host was reached there are no variables of hosts.
    facts = hostvars["localhost"].get("ansible_facts") if hostvars else None
    if not facts or "flotilla_phases" not in facts:
        raise AnsibleFilterError("This play is a part of a run and needs its plan: run site.yml instead")
    hosts: list[str] = facts["flotilla_phases"][phase]
    return hosts


def batches_in(hostvars: Mapping[str, Any], phase: str) -> list[int]:
    """Tell how many hosts of a phase are changed at a time, batch after batch."""
    if not hosts_in(hostvars, phase):
        return []
    sizes: list[int] = hostvars["localhost"]["ansible_facts"]["flotilla_batches"][phase]
    return sizes


# Options with which playbooks are only read.
ONLY_READ = ("syntax", "listtasks", "listtags", "listhosts")
# What leaves tasks out of a run, or asks before each.
PARTIAL = {"tags": "--tags", "skip_tags": "--skip-tags", "start_at_task": "--start-at-task", "step": "--step"}
# All tasks; and what molecule always leaves out, which no task of ours is called.
HARMLESS = frozenset({"all", "molecule-idempotence-notest", "molecule-notest", "notest"})


def whole_run(hosts: list[str]) -> list[str]:
    """Return the hosts of the first play of a run, unless the run is to leave tasks out.

    The plan decides what a run does. Of the tasks that carry a phase out, each relies on those before it, the first of
    which observe, plan and keep other runs out.

    :raise AnsibleFilterError: some of its tasks would be left out
    """
    given = {key: context.CLIARGS.get(key) for key in PARTIAL}
    found = [PARTIAL[key] for key, value in given.items() if value and not HARMLESS.issuperset(list_of(value))]
    if found:
        raise AnsibleFilterError(
            f"Nothing was changed: {' and '.join(found)} would leave out tasks that others rely on. Run without: the "
            "plan does only what differs. For a part of a run there are playbooks/deploy.yml and the roles alone "
            "(docs/operations.md)"
        )
    return hosts


def list_of(value: object) -> list[object]:
    """Return an option of the command line as a list."""
    return list(value) if isinstance(value, (list, tuple, set)) else [value]


def expected_address(variables: Mapping[str, Any]) -> str:
    """Return the address at which a host is expected before its own answer is known.

    :param variables: the host's
    """
    return str(
        variables.get("swarm_advertise_addr") or variables.get("ansible_host") or variables["inventory_hostname"]
    )


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Map filter names to functions."""
        return {
            "batches_in": batches_in,
            "expected_address": expected_address,
            "hosts_in": hosts_in,
            "whole_run": whole_run,
        }
