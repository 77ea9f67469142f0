"""Tell which security updates wait on the hosts of a site and in its images, and which hosts wait for a reboot."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ...module_utils.observation import NO_UPGRADES
from ..model.observation import Observation, Unreachable
from ..model.problem import first_of
from .problems import name_hosts

# apt's own timer fetches lists every day; on a host where it has not for a week, something is wrong.
OLD_DAYS = 7
# Time to plan a move to the next release.
SUPPORT_DAYS = 90
DAY_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatesStatus:
    """What waits on a host, by the lists of packages that it has.

    :ivar packages: the version that each installed package would get
    :ivar reboot: why the host says that it needs a reboot, ``""`` where it does not
    :ivar lists_days: age of those lists
    :ivar unknown: why apt cannot tell, ``""`` where it can
    :ivar images: packages with security updates in the images of services that run there, by the service's name
    :ivar support_ends: the day until which the host's release gets security updates, ``""`` where that is not known
    """

    host: str
    packages: Mapping[str, str]
    reboot: str
    lists_days: int
    unknown: str
    images: Mapping[str, Sequence[str]]
    support_ends: str


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
            images=each.images,
            support_ends=each.support_ends,
        )
        for name, each in found.items()
        if each != NO_UPGRADES
    )


def lines(updates: Sequence[UpdatesStatus], hosts: Collection[str]) -> list[str]:
    """Put what waits into lines, hosts with the same together; none where nothing does."""
    waiting = _together(((each.host, text) for each in updates for text in _texts(each)), hosts)
    ending = _together(((each.host, text) for each in updates for text in _ending(each)), hosts)
    return [
        *_section("Updates wait (playbooks/upgrade.yml):", waiting),
        *_section("Images have packages with security updates (docs/releases.md, Renew images):", _images(updates)),
        *_section("Security updates end:", ending),
    ]


def _images(updates: Sequence[UpdatesStatus]) -> list[str]:
    """Name the packages of each service's image, whichever host has found them: lists may be of different ages."""
    found: dict[str, set[str]] = {}
    for each in updates:
        for service, packages in each.images.items():
            found.setdefault(service, set()).update(packages)
    return [f"  {service}: security updates of {first_of(sorted(packages))}" for service, packages in found.items()]


def _section(title: str, told: Collection[str]) -> list[str]:
    return [title, *told, ""] if told else []


def _together(told: Iterable[tuple[str, str]], hosts: Collection[str]) -> list[str]:
    """Name the hosts of each text."""
    alike: dict[str, list[str]] = {}
    for host, text in told:
        alike.setdefault(text, []).append(host)
    return [f"  {name_hosts(names, hosts)}: {text}" for text, names in alike.items()]


def _texts(updates: UpdatesStatus) -> Iterator[str]:
    if updates.packages:
        yield f"security updates of {first_of(sorted(updates.packages))}"
    if updates.reboot:
        yield f"a reboot ({updates.reboot})"
    if updates.unknown:
        yield f"apt cannot tell ({updates.unknown})"
    elif updates.lists_days >= OLD_DAYS:
        yield f"its lists of packages are {updates.lists_days} days old, so newer updates are not known"


def _ending(updates: UpdatesStatus) -> Iterator[str]:
    if updates.support_ends and date.fromisoformat(updates.support_ends) <= date.today() + timedelta(SUPPORT_DAYS):
        yield f"its release gets none after {updates.support_ends}"
