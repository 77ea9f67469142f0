"""The site, and what is known of its hosts, before anything is decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ...module_utils.observation import Observed
from ...module_utils.observation.swarm import Node
from ..checks.facts import HostFacts
from ..hosts import engine_source, firewall
from ..model.desired import Desired, Member
from ..model.intent import Intent
from ..model.observation import Host, Unreachable
from ..model.phase import Phase
from ..model.problem import Code, Problem
from ..model.site import Site
from ..stacks.file import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Evicted:
    """A host that is to be cut off.

    :ivar host: what its user calls it
    :ivar id: of its node
    :ivar node: ``None`` where it is none any more
    :ivar manager: whether it was one before it was cut off
    """

    host: str
    address: str
    id: str
    node: Node | None
    manager: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What all topics are decided from.

    :ivar observed: of the hosts that could be asked
    :ivar away: by inventory name, why a host could not be asked
    :ivar addresses: by inventory name, the address that other nodes use
    :ivar engines: by inventory name, what a host is to have as its engine
    :ivar wrong: what is wrong with the input itself; only a status goes on in spite of it
    :ivar evicted: who is cut off in this run; no manager's answer has its node any more
    :ivar passed: where a run is planned again, the phase behind which that is; ``None`` for its first plan
    """

    site: Site
    intent: Intent
    hosts: Mapping[str, Host]
    observed: Mapping[str, Observed]
    away: Mapping[str, str]
    addresses: Mapping[str, str]
    engines: Mapping[str, engine_source.Engine]
    wrong: tuple[Problem, ...] = ()
    passed: Phase | None = None
    evicted: Evicted | None = None

    def desired(self, name: str) -> Desired:
        """Return what a host is to be."""
        return self.hosts[name].desired

    @property
    def facts(self) -> HostFacts:
        """Return what the checks of hosts may read."""
        return HostFacts(
            intent=self.intent,
            site=self.site.without(frozenset(self.away)),
            observed=self.observed,
            desired={name: self.desired(name) for name in self.observed},
            addresses=self.addresses,
            opening=firewall.changed(self.firewall_rules(()), self.observed) if self._lets_in else frozenset(),
        )

    @property
    def _lets_in(self) -> bool:
        """Tell whether hosts ask for others that this run lets in first; role swarm alone sets no rules."""
        return self.intent is not Intent.SWARM and any(observed.reach for observed in self.observed.values())

    def firewall_rules(self, left: Collection[str]) -> dict[str, firewall.Rules]:
        """Return the rules that keep strangers out, see ``make_rules``."""
        desired = {name: host.desired for name, host in self.hosts.items()}
        return firewall.make_rules(self.site, desired, self.observed, self.addresses, self._published, left)

    @property
    def _published(self) -> tuple[str, ...]:
        """List what is published by the stacks' files and by all services that run, such as ``4000/tcp``."""
        manager = firewall.answering(self.site, self.observed)
        files = [parse(stack.text) for stack in self.site.stacks if not stack.problems]
        described = {port for file in files for each in file.services.values() for port in each.sockets()}
        return tuple(sorted(described.union(manager.published if manager else ())))

    @property
    def members(self) -> dict[str, Observed]:
        """Return managers and workers that could be asked."""
        return {name: self.observed[name] for name in self.site.members if name in self.observed}

    @property
    def answering(self) -> dict[str, Observed]:
        """Return the managers of the inventory that answer for a swarm."""
        return {
            name: self.observed[name]
            for name in self.site.managers
            if name in self.observed and self.observed[name].nodes is not None
        }

    @property
    def stopped(self) -> list[str]:
        """Return the members whose engine is stopped, and so cannot tell of its swarm."""
        return [
            name
            for name, observed in self.observed.items()
            if observed.swarm.state == "stopped" and name not in self.site.retire
        ]

    @property
    def is_served(self) -> bool:
        """Tell whether the registry can be there.

        Without it the site can neither make images nor let tasks move to nodes that lack them.
        """
        return self.site.registry.host in ("", *self.observed)

    @property
    def builder(self) -> str:
        """Return the host that makes images, ``""`` where none could be reached."""
        return next((name for name in self.site.builders if name in self.observed), "")

    @property
    def holds_lock(self) -> bool:
        """Tell whether this run has taken the lock already."""
        return any(
            observed.lock.process == self.site.process for observed in self.observed.values() if self.site.process
        )

    def is_ahead(self, phase: Phase) -> bool:
        """Tell whether the run has still to come to a phase."""
        return self.passed is None or phase.comes_after(self.passed)

    @property
    def asks_registry(self) -> bool:
        """Tell whether the run needs the registry; for a rollback, nodes keep the images of releases."""
        return self.intent is not Intent.ROLLBACK


def assess(
    site: Site,
    hosts: Mapping[str, Host],
    intent: Intent,
    wrong: tuple[Problem, ...] = (),
    passed: Phase | None = None,
) -> Situation:
    """Sort the hosts by whether they answered, and find addresses and engines."""
    answers = {name: host.observation for name, host in hosts.items()}
    observed = {name: answer for name, answer in answers.items() if isinstance(answer, Observed)}
    return Situation(
        site=site,
        intent=intent,
        wrong=wrong,
        passed=passed,
        hosts=hosts,
        observed=observed,
        away={name: answer.reason for name, answer in answers.items() if isinstance(answer, Unreachable)},
        addresses={name: choose_address(host.desired.member, observed.get(name)) for name, host in hosts.items()},
        engines={
            name: engine_source.decide(host.desired.engine, observed[name])
            if name in observed
            else engine_source.Engine()
            for name, host in hosts.items()
        },
    )


def choose_address(member: Member, observed: Observed | None) -> str:
    """Choose the address that other nodes reach a host at.

    :param observed: ``None`` where the host could not be reached
    :return: the given address; else the first of these that is one of the host's own: that with which it is in a swarm,
        ``ansible_host``; else the default route's
    """
    if member.advertise_addr:
        return member.advertise_addr
    if not observed:
        return member.ansible_host
    own = [address for address in (observed.swarm.address, member.ansible_host) if address in observed.system.addresses]
    return own[0] if own else observed.system.default_address


def not_reached(now: Situation, name: str, expected: str, fix: str) -> Problem:
    """Describe a host that could not be reached, where a run needs its answer."""
    return Problem(
        code=Code.HOST_NOT_OBSERVED,
        hosts=(name,),
        found=f"it could not be reached ({now.away[name]})",
        expected=expected,
        fix=fix,
    )


def wrong_option(setting: str, found: str, expected: str) -> Problem:
    """Describe an option of the command line that a playbook cannot be run with."""
    fix = f"Correct -e {setting}=..."
    return Problem(code=Code.SETTING_INVALID, where=setting, found=found, expected=expected, fix=fix)


def no_manager(now: Situation) -> Problem:
    """Describe a site of which no manager answers for a swarm, with what those say that could be asked."""
    asked = {name: now.observed[name].swarm for name in now.site.managers if name in now.observed}
    said = "; ".join(f"{name} says: {swarm.state} {swarm.error}".rstrip() for name, swarm in asked.items())
    return Problem(
        code=Code.SWARM_WITHOUT_MANAGER,
        hosts=now.site.managers,
        found=f"no manager of the inventory that answers for a swarm{f' ({said})' if said else ''}",
        expected="at least one",
        fix="Run site.yml, which sets the swarm up or says what is missing",
    )
