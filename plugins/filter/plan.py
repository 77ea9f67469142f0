"""Filters of the phases' plays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError


def hosts_in(localhost: Mapping[str, Any], phase: str) -> list[str]:
    """List the hosts of a phase.

    :param localhost: the variables of localhost, where ``flotilla.swarm.plan`` leaves them
    :raise AnsibleFilterError: there is no plan
    """
    phases = (localhost.get("ansible_facts") or {}).get("flotilla_phases")
    if phases is None:
        raise AnsibleFilterError("This play is a part of a run and needs its plan: run site.yml instead")
    hosts: list[str] = phases[phase]
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
