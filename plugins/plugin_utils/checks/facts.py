"""All that the checks of hosts may read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What was observed, of the hosts that could be asked.

    :ivar site: see ``planner.plan.make_plan``, without the hosts that could not be asked
    :ivar hosts: by inventory name, the result of ``flotilla.swarm.observe``
    :ivar addresses: by inventory name, the address that other nodes will use
    """

    site: dict
    hosts: dict
    addresses: dict

    @property
    def members(self):
        """Return managers and workers."""
        return {name: self.hosts[name] for name in [*self.site["managers"], *self.site["workers"]]}
