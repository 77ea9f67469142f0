"""Leave out of a plan what is not for the playbook that asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ..model.observation import Seen
from ..model.problem import Code, Problem
from ..model.site import Registry
from ..stacks.file import VOLUME_PREFIX
from ..swarm.membership import Membership
from .situation import Situation
from .work import HostPlan, Work

# The roles whose changes a playbook makes.
ROLES = {"deploy": ("image", "stack"), "rollback": ("stack",)}
PHASES = ("pull", "page", "clean", "report", "absent")


def check(now: Situation, members: Membership) -> Iterator[Problem]:
    """Check that the site is set up, where a playbook does not do that itself."""
    if now.site.intent == "site":
        return
    asking = {name: now.seen[name] for name in dict.fromkeys(_asking(now, members)) if name}
    unplaced = any(label.startswith(VOLUME_PREFIX) for labels in members.labels.values() for label in labels)
    stored = all(seen.credentials for seen in asking.values())
    if members.initialise or members.via != members.keeper or unplaced or not stored:
        yield _not_set_up(now.site.intent)
    elif now.site.intent == "deploy":
        yield from _refused_logins(now.site.registry, asking)


def _asking(now: Situation, members: Membership) -> tuple[str, ...]:
    """Name the hosts that pull or push with their login."""
    return (members.via, now.builder) if now.site.intent == "deploy" else (members.via,)


def _not_set_up(intent: str) -> Problem:
    return Problem(
        code=Code.SITE_NOT_SET_UP,
        where=f"playbooks/{intent}.yml",
        found="a site that is not set up, or not wholly",
        expected="a swarm with its managers, data placed and hosts logged in to the registry",
        fix="Run site.yml",
    )


def _refused_logins(registry: Registry, asking: Mapping[str, Seen]) -> Iterator[Problem]:
    for name, seen in asking.items():
        if seen.login:
            yield Problem(
                code=Code.REGISTRY_LOGIN,
                where=registry.url.text,
                hosts=(name,),
                found=f"the answer {seen.login}",
                expected="a registry that takes the stored login",
                fix="Bring the registry back, or run site.yml, which logs in (a rollback needs no registry)",
            )


def limit(intent: str, hosts: Mapping[str, HostPlan]) -> dict[str, HostPlan]:
    """Keep what the playbook does."""
    roles = ROLES.get(intent)
    return {name: replace(host, works=_kept(host, roles)) if roles else host for name, host in hosts.items()}


def _kept(host: HostPlan, roles: tuple[str, ...]) -> tuple[Work, ...]:
    return tuple(
        Work(work.phase, tuple(change for change in work.changes if change.role in roles))
        for work in host.works
        if work.phase in (*roles, *PHASES)
    )


def left_out(intent: str, hosts: Mapping[str, HostPlan]) -> list[str]:
    """Say what the playbook leaves to ``site.yml``.

    :param hosts: the plan of everything
    """
    roles, left = ROLES.get(intent), dict[str, list[str]]()
    for name, host in hosts.items():
        for change in host.changes:
            if roles and change.role not in roles:
                left.setdefault(f"{change.role}: {change.text}", []).append(name)
    return [f"left to site.yml: {', '.join(names)}: {text}" for text, names in left.items()]
