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
    if context.CLIARGS.get("syntax"):
        return []
    # Before any host was reached there are no variables of hosts.
    facts = hostvars["localhost"].get("ansible_facts") if hostvars else None
    if not facts or "flotilla_phases" not in facts:
        raise AnsibleFilterError("This play is a part of a run and needs its plan: run site.yml instead")
    hosts: list[str] = facts["flotilla_phases"][phase]
    return hosts


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
        return {"expected_address": expected_address, "hosts_in": hosts_in}
