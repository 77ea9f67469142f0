"""The address of the registry, taken apart once."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...module_utils.registry import HUB, image_prefix

PATTERN = re.compile(
    r"(?P<host>[a-zA-Z0-9][a-zA-Z0-9.-]*)(?::(?P<port>\d+))?(?P<prefix>(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)"
)
# Other names of Docker Hub, which lead to its web page, or which Docker itself takes for another registry.
HUB_NAMES = ("index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", "hub.docker.com")
# A repository there is NAME/REPOSITORY, and nothing deeper.
HUB_URL = re.compile(rf"{re.escape(HUB)}/[a-z0-9]+(?:[._-]+[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryUrl:
    """``host[:port][/prefix]``.

    :ivar text: as it is written
    :ivar server: ``host[:port]``, which hosts log in to
    :ivar port: ``None`` where none is given
    :ivar images: what the names of its images begin with, as Docker writes them
    :ivar is_well_formed: whether it has that form at all
    """

    text: str
    server: str
    host: str
    port: int | None
    images: str
    is_well_formed: bool

    @classmethod
    def parse(cls, text: str) -> RegistryUrl:
        """Take an address apart; one that has another form keeps what stands before its first slash as its server."""
        match = PATTERN.fullmatch(text)
        server = text.split("/")[0]
        host, _, port = server.partition(":")
        return cls(
            text=text,
            server=server,
            host=match["host"] if match else host,
            port=int(port) if match and port else None,
            images=image_prefix(text),
            is_well_formed=bool(match),
        )

    @property
    def is_hub(self) -> bool:
        """Tell whether it means Docker Hub, by whichever name."""
        return self.host in (HUB, *HUB_NAMES)

    def fault(self, served: bool) -> str:
        """Say what it should be, ``""`` for a good one.

        :param served: whether flotilla serves this registry
        """
        if self.is_hub and not HUB_URL.fullmatch(self.text):
            return f"{HUB}/NAME, in small letters, where NAME is an account or an organization at Docker Hub"
        # Docker takes a first part without dot and port for a name on Docker Hub.
        is_server = self.port is not None or "." in self.host or self.host == "localhost"
        if not self.is_well_formed or not is_server:
            return "host:port or host.domain, with or without /prefix, without a scheme"
        if self.port is not None and not 0 < self.port < 65536:
            return "a port from 1 to 65535"
        if served and self.port is None:
            return "host:port, where flotilla serves the registry, or no host in group registry"
        return ""
