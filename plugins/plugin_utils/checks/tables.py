"""The tables of checks that forbid a run."""

from __future__ import annotations

from collections.abc import Mapping

from ...module_utils.observation import Observed
from ..model.intent import Intent
from ..model.problem import Code, Problem, Rule, find
from ..model.site import Site
from . import firewall, hosts, network, registry, stack_file
from .facts import HostFacts
from .stack_file import AllFacts, StackFacts

HOST_RULES = (*hosts.RULES, *network.RULES, *registry.RULES, *firewall.RULES, *registry.LOGIN_RULES)
# It starts again what nodes have already: what else a host, its disk, its engine or the registry lacks is not its
# concern, least of all in the night in which it is needed.
ROLLBACK_RULES = (*hosts.IDENTITY_RULES, *network.ADDRESS_RULES)
# It must not wait for disks, memory or clocks.
EVICT_RULES = (*hosts.IDENTITY_RULES, *network.RULES, *registry.RULES, *firewall.RULES, *registry.LOGIN_RULES)
OTHER_RULES = {Intent.ROLLBACK: ROLLBACK_RULES, Intent.EVICT: EVICT_RULES}

# What a status tells beside what forbids a run.
STATUS_RULES = (Rule(registry.certificate_lasts),)


def find_host_problems(facts: HostFacts) -> tuple[Problem, ...]:
    """Check what was observed on the hosts, one by one and against each other, as far as it concerns the run."""
    return find(facts, OTHER_RULES.get(facts.intent, HOST_RULES))


def find_stack_problems(
    facts: Mapping[str, StackFacts], counted: AllFacts, site: Site, members: Mapping[str, Observed]
) -> tuple[Problem, ...]:
    """Check stack files against the hosts, and where they can carry them, the networks that they need.

    :param facts: by stack, of those that are deployed
    :param counted: of those that hosts and networks must have room for
    """
    each = tuple(
        site.titled(name, problem) for name, found in facts.items() for problem in find(found, stack_file.RULES)
    )
    if any(problem.code is Code.SERVICE_INVALID for problem in each):
        return each
    problems = (*each, *find(counted, stack_file.ALL_RULES))
    needs = stack_file.network_needs(counted.files.values(), len(members))
    return problems or tuple(network.check_pools(members, site.pools, site.subnet_size, *needs))
