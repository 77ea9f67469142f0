"""Plan the rules that keep strangers from the ports of the swarm and its registry.

They are set before hosts join, with those let in, and once more after hosts have left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from ...module_utils.observation import Observed
from ..hosts import firewall, state
from ..hosts.firewall import Rules
from ..model.change import Change
from ..model.desired import File, Role
from ..model.phase import Phase
from ..swarm.membership import Membership
from .arguments.firewall import RemoveFirewall, SetFirewall
from .result import HostPlan, merge
from .situation import Situation

FILES = {4: "/etc/flotilla/firewall.rules", 6: "/etc/flotilla/firewall6.rules"}
UNIT = "/etc/systemd/system/flotilla-firewall.service"
# What ends membership.
LEAVING = (Phase.RETIRE, Phase.REMOVE_DEAD_NODES)


def plan_hosts(now: Situation, members: Membership) -> dict[str, HostPlan]:
    """Plan the rules of all hosts that could be asked.

    :param members: whose hosts that retire, and dead nodes, are let in no more afterwards
    """
    left = {step.node for step in members.steps if step.phase in LEAVING}
    before, after = now.firewall_rules(()), now.firewall_rules(left)
    return {
        name: _plan_host(now, name, rules, after[name], reason_against(now, name, left))
        for name, rules in before.items()
    }


def _plan_host(now: Situation, name: str, before: Rules, after: Rules, reason: str) -> HostPlan:
    observed = now.observed[name]
    if reason:
        # Until they are taken off, they let in who joins.
        updated = firewall.is_there(observed) and firewall.differs(before, observed)
        opened = _set(now, name, Phase.OPEN_FIREWALL, before, _kernel(before)) if updated else HostPlan()
        return merge(opened, plan_removal(now, name, reason))
    if not now.is_ahead(Phase.OPEN_FIREWALL) and (late := tuple(_changes(now, name, after))):
        # Who left in the earlier part of the run is no node any more.
        return _set(now, name, Phase.CLOSE_FIREWALL, after, late)
    changes = tuple(_changes(now, name, before))
    opened = _set(now, name, Phase.OPEN_FIREWALL, before, changes) if changes else HostPlan()
    if after == before:
        return opened
    return merge(opened, _set(now, name, Phase.CLOSE_FIREWALL, after, tuple(_closing(before, after))))


def reason_against(now: Situation, name: str, left: Collection[str] = ()) -> str:
    """Say why a host is to have no such rules, ``""`` where it is to have them.

    :param left: IDs of nodes that are none any more by the time that the rules are taken off
    """
    settings, other, place = now.desired(name).firewall, now.observed[name].firewall, now.observed[name].swarm
    if not settings or not settings.enabled:
        return "firewall_enabled is false"
    if other and other.incoming == "deny":
        return f"{other.kind} keeps strangers out"
    stays = place.is_member and place.node_id not in left
    return "" if stays or name in (*now.site.members, now.site.registry.host) else "it is no member"


def _changes(now: Situation, name: str, rules: Rules) -> Iterator[Change]:
    observed = now.observed[name]
    yield from state.compare(_role(now, name, rules), observed)
    if firewall.differs(rules, observed):
        yield from _kernel(rules)


def _kernel(rules: Rules) -> tuple[Change, ...]:
    texts = ["let members of the swarm alone reach its ports and its registry"]
    if rules.visitors and rules.published:
        texts.append(f"let {', '.join(rules.visitors)} and members alone reach {', '.join(rules.published)}")
    return tuple(map(Change, texts))


def _role(now: Situation, name: str, rules: Rules) -> Role:
    """Return what the role wants, with the rules; role docker installs its own packages first."""
    desired = now.desired(name)
    role, installed = desired.role("firewall"), desired.role("docker").packages
    packages = tuple(each for each in role.packages if each not in installed)
    return replace(role, packages=packages, files={**role.files, **_files(now, name, rules)})


def _files(now: Situation, name: str, rules: Rules) -> dict[str, File]:
    files = now.desired(name).role("firewall").files
    return {path: replace(files[path], text=firewall.text_of(rules, version)) for version, path in FILES.items()}


def _set(now: Situation, name: str, phase: Phase, rules: Rules, changes: tuple[Change, ...]) -> HostPlan:
    packages = state.missing(now.desired(name).role("firewall").packages, now.observed[name])
    given = SetFirewall(files=_role(now, name, rules).files, packages=packages)
    if phase is Phase.CLOSE_FIREWALL:
        return HostPlan(close_firewall=given, changes={phase: changes})
    return HostPlan(open_firewall=given, changes={phase: changes})


def _closing(before: Rules, after: Rules) -> Iterator[Change]:
    for version, path in FILES.items():
        kept = firewall.networks(after.members, version)
        gone = [each for each in firewall.networks(before.members, version) if each not in kept]
        if gone:
            text = f"keep out who has left: {', '.join(str(each.network_address) for each in gone)}"
            yield Change(text, firewall.text_of(before, version), firewall.text_of(after, version), path)


def plan_removal(now: Situation, name: str, reason: str) -> HostPlan:
    """Plan that the rules are taken off, where there is anything of them."""
    observed = now.observed[name]
    paths = tuple(path for path in now.desired(name).role("firewall").files if observed.files.get(path))
    if not (paths or firewall.is_there(observed) or _is_set_at_boot(observed)):
        return HostPlan()
    return HostPlan(
        remove_firewall=RemoveFirewall(unit=UNIT in paths, paths=paths),
        changes={Phase.REMOVE_FIREWALL: (Change(f"take the firewall off ({reason})"),)},
    )


def _is_set_at_boot(observed: Observed) -> bool:
    unit = observed.services.get("flotilla-firewall")
    return bool(unit and (unit.active or unit.enabled))
