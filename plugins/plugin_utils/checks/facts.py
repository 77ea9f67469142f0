"""All that the checks of hosts may read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...module_utils.observation import Observed
from ..model.desired import Desired
from ..model.intent import Intent
from ..model.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """What was observed, of the hosts that could be asked.

    :ivar intent: what the run is for
    :ivar site: without the hosts that could not be asked
    :ivar addresses: by inventory name, the address that other nodes will use
    :ivar opening: hosts whose own rules keep others out until this run lets in who joins
    """

    intent: Intent
    site: Site
    observed: Mapping[str, Observed]
    desired: Mapping[str, Desired]
    addresses: Mapping[str, str]
    opening: frozenset[str] = frozenset()

    @property
    def members(self) -> dict[str, Observed]:
        """Return what was observed of managers and workers."""
        return {name: self.observed[name] for name in self.site.members}
