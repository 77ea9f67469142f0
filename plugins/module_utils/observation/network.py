"""What is observed of how a host stands in its network."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A firewall's rule; protocol and port are ``any`` or a value, ports also a range or several."""

    allow: bool
    protocol: str
    port: str
    source: str


@dataclass(frozen=True)
class Firewall:
    """A host's own firewall; the first rule that fits decides, else ``incoming``.

    :ivar kind: ``ufw`` or ``firewalld``
    :ivar incoming: ``allow`` or ``deny``
    """

    kind: str
    incoming: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Resolution:
    """Where the registry's name leads a host.

    :ivar addresses: IPv4
    :ivar error: why there is none, else ``""``
    :ivar certificate: SHA-256 of the PEM text that is shown there, trusted or not; ``""`` where nobody showed one
    """

    addresses: tuple[str, ...] = ()
    error: str = ""
    certificate: str = ""
