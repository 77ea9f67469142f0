"""The tables of checks that forbid a run."""

from __future__ import annotations

from ...module_utils.observation import Seen
from ..model.problem import Problem, find
from ..model.site import Site
from . import firewall, hosts, network, registry, stack_file
from .facts import HostFacts
from .stack_file import StackFacts

HOST_RULES = (*hosts.RULES, *network.RULES, *registry.RULES, *firewall.RULES)


def find_host_problems(facts: HostFacts, with_logins: bool) -> tuple[Problem, ...]:
    """Check what was observed on the hosts, one by one and against each other.

    :param with_logins: whether this run asks the registry for anything
    """
    return find(facts, HOST_RULES + registry.LOGIN_RULES * with_logins)


def find_stack_problems(facts: StackFacts, site: Site, members: dict[str, Seen]) -> tuple[Problem, ...]:
    """Check the stack file against the hosts, and where they can carry it, the networks that it needs."""
    needs = stack_file.network_needs
    return find(facts, stack_file.RULES) or tuple(
        network.check_pools(members, site.pools, site.subnet_size, *needs(facts.file, len(members)))
    )
