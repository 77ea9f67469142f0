"""Tell which security updates wait on the hosts of a site, and which hosts wait for a reboot."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...module_utils.observation import NO_UPGRADES
from ..model.observation import Observation, Unreachable
from ..model.problem import first_of
from .problems import name_hosts

# apt's own timer fetches lists every day; on a host where it has not for a week, something is wrong.
OLD_DAYS = 7
DAY_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatesStatus:
    """What waits on a host, by the lists of packages that it has.

    :ivar packages: the version that each installed package would get
    :ivar reboot: why the host says that it needs a reboot, ``""`` where it does not
    :ivar lists_days: age of those lists
    :ivar unknown: why apt cannot tell, ``""`` where it can
    """

    host: str
    packages: Mapping[str, str]
    reboot: str
    lists_days: int
    unknown: str


def find_updates(observed: Mapping[str, Observation]) -> tuple[UpdatesStatus, ...]:
    """List what waits on the hosts that answered."""
    now = time.time()
    found = {name: host.upgrades for name, host in observed.items() if not isinstance(host, Unreachable)}
    return tuple(
        UpdatesStatus(
            host=name,
            packages=each.packages,
            reboot=each.reboot,
            lists_days=max(0, int((now - each.lists_at) / DAY_SECONDS)),
            unknown=each.unknown,
        )
        for name, each in found.items()
        if each != NO_UPGRADES
    )


def lines(updates: Sequence[UpdatesStatus], hosts: Collection[str]) -> list[str]:
    """Put what waits into lines, hosts with the same together; none where nothing does."""
    alike: dict[str, list[str]] = {}
    for each in updates:
        for text in _texts(each):
            alike.setdefault(text, []).append(each.host)
    told = [f"  {name_hosts(names, hosts)}: {text}" for text, names in alike.items()]
    return ["Updates wait (playbooks/upgrade.yml):", *told, ""] if told else []


def _texts(updates: UpdatesStatus) -> Iterator[str]:
    if updates.packages:
        yield f"security updates of {first_of(sorted(updates.packages))}"
    if updates.reboot:
        yield f"a reboot ({updates.reboot})"
    if updates.unknown:
        yield f"apt cannot tell ({updates.unknown})"
    elif updates.lists_days >= OLD_DAYS:
        yield f"its lists of packages are {updates.lists_days} days old, so newer updates are not known"
