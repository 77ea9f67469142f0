"""The address of the registry, taken apart once."""

from __future__ import annotations

import re
from dataclasses import dataclass

PATTERN = re.compile(
    r"(?P<host>[a-zA-Z0-9][a-zA-Z0-9.-]*)(?::(?P<port>\d+))?(?P<prefix>(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)"
)
DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryUrl:
    """``host[:port][/prefix]``.

    :ivar text: as it is written
    :ivar server: ``host[:port]``, which hosts log in to
    :ivar port: ``None`` where none is given
    :ivar prefix: of the names of images, with its slash
    :ivar is_well_formed: whether it has that form at all
    """

    text: str
    server: str
    host: str
    port: int | None
    prefix: str
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
            prefix=match["prefix"] if match else "",
            is_well_formed=bool(match),
        )

    def fault(self, served: bool) -> str:
        """Say what it should be, ``""`` for a good one.

        :param served: whether flotilla serves this registry
        """
        # Docker takes a first part without dot and port for a name on Docker Hub.
        is_server = self.port is not None or "." in self.host or self.host == "localhost"
        if not self.is_well_formed or not is_server:
            return "host:port or host.domain, with or without /prefix, without a scheme"
        if self.port is not None and not 0 < self.port < 65536:
            return "a port from 1 to 65535"
        if served and self.port is None:
            return "host:port, where flotilla serves the registry"
        return "a private registry, not Docker Hub itself" if self.host in DOCKER_HUB else ""
