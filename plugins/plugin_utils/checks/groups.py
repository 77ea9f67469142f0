"""Check who is who: the groups of the inventory, and the hosts that a run was given."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..model.problem import Code, Problem, Rule, merge

GROUPS = ("managers", "workers", "swarm", "registry")
FILE = "inventory/hosts.yml"


@dataclass(frozen=True, slots=True)
class Inventory:
    """Groups of inventory names, and the hosts that this run was given."""

    groups: Mapping[str, Sequence[str]]
    hosts: Sequence[str]

    def group(self, name: str) -> Sequence[str]:
        """Return a group's hosts."""
        return self.groups.get(name, ())

    @property
    def members(self) -> set[str]:
        """Return managers and workers."""
        return {*self.group("managers"), *self.group("workers")}


def managers_are_there(inventory: Inventory) -> Iterator[Problem]:
    """A swarm needs a manager."""
    if not inventory.group("managers"):
        yield Problem(
            code=Code.GROUP_EMPTY,
            where="group managers",
            found="no hosts",
            expected="at least one",
            fix=f"Add a host to managers in {FILE}",
        )


def hosts_are_of_one_kind(inventory: Inventory) -> Iterator[Problem]:
    """A host is a manager, a worker or retires."""
    for one, other in (("managers", "workers"), ("retire", "swarm")):
        for name in sorted({*inventory.group(one)} & {*inventory.group(other)}):
            yield Problem(
                code=Code.GROUP_CONFLICT,
                hosts=(name,),
                found=f"it is in {one} and in {other}",
                expected="one of them",
                fix=f"Take it out of one of them in {FILE}",
            )


def members_have_a_role(inventory: Inventory) -> Iterator[Problem]:
    """A host of swarm is a manager or a worker."""
    for name in inventory.group("swarm"):
        if name not in inventory.members:
            yield Problem(
                code=Code.HOST_WITHOUT_ROLE,
                hosts=(name,),
                found="it is in swarm, but neither in managers nor in workers",
                expected="one of them",
                fix=f"Put it into workers, for example, in {FILE}",
            )


def group_names_are_known(inventory: Inventory) -> Iterator[Problem]:
    """A host in a group whose name is almost one of ours would be forgotten."""
    for group in sorted(inventory.groups.keys() - {*GROUPS}):
        lost = tuple(name for name in inventory.groups[group] if name not in inventory.members)
        near = difflib.get_close_matches(group, GROUPS, 1, cutoff=0.85)
        if lost and near:
            yield Problem(
                code=Code.GROUP_UNKNOWN,
                where=f"group {group}",
                hosts=lost,
                found="a group that flotilla does not use",
                expected=f"{', '.join(GROUPS)} or retire",
                fix=f"Did you mean {near[0]}? Rename the group in {FILE}",
            )


def registry_is_on_one_host_that_stays(inventory: Inventory) -> Iterator[Problem]:
    """The bundled registry has one host, which does not retire."""
    hosts = inventory.group("registry")
    for name in {*hosts} & {*inventory.group("retire")}:
        yield Problem(
            code=Code.GROUP_CONFLICT,
            hosts=(name,),
            found="it is in retire, but serves the registry",
            expected="another host in group registry",
            fix="Put another host into registry and run (its images are made again there), then retire this one",
        )
    if len(hosts) > 1:
        yield Problem(
            code=Code.GROUP_TOO_LARGE,
            where="group registry",
            hosts=tuple(hosts),
            found=f"{len(hosts)} hosts",
            expected="one, or none for an external registry",
            fix=f"Leave one of them in registry in {FILE}",
        )


def run_has_all_hosts(inventory: Inventory) -> Iterator[Problem]:
    """A plan of a part could cost the swarm its majority."""
    everyone = dict.fromkeys(name for group in ("swarm", "registry", "retire") for name in inventory.group(group))
    left_out = tuple(name for name in everyone if name not in inventory.hosts)
    if left_out:
        yield Problem(
            code=Code.RUN_LIMITED,
            where="--limit",
            hosts=left_out,
            found="a run without these hosts of the inventory",
            expected="all of them: hosts with nothing to do cost one task each",
            fix="Run without --limit; a host that does not answer does not stop the others",
        )


def settings_agree(inventory: Inventory, variables: Mapping[str, Mapping[str, object]]) -> tuple[Problem, ...]:
    """Groups say who does what; a setting that says otherwise is told, not overridden.

    :param variables: by inventory name, those that a user set
    """
    found = []
    for name, own in variables.items():
        registry = own.get("registry_host")
        others = [host for host in inventory.group("registry") if registry not in (None, "", host)]
        if others:
            found.append(_disagrees("registry_host", name, str(registry), f"{others[0]}, the host of group registry"))
        elif registry and registry not in inventory.hosts:
            found.append(_disagrees("registry_host", name, str(registry), "a host of the inventory"))
    return merge(found)


def _disagrees(setting: str, host: str, found: str, expected: str) -> Problem:
    return Problem(
        code=Code.SETTING_CONFLICT,
        where=setting,
        hosts=(host,),
        found=found,
        expected=expected,
        fix=f"Remove {setting}, or change the groups in {FILE}",
    )


RULES = (
    Rule(managers_are_there),
    Rule(hosts_are_of_one_kind),
    Rule(members_have_a_role),
    Rule(group_names_are_known),
    Rule(registry_is_on_one_host_that_stays),
)
RUN_RULES = (Rule(run_has_all_hosts),)
