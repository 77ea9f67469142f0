"""What is observed of how a host stands in its network."""

from __future__ import annotations

from collections.abc import Mapping
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
class OwnRules:
    """The rules of flotilla's own firewall as the kernel has them, see ``module_utils.own_rules``.

    :ivar ipv4: their digest, ``""`` for none; ``None`` where iptables does not tell them
    :ivar ipv6: the same; ``None`` also where the kernel does without IPv6
    """

    ipv4: str | None = None
    ipv6: str | None = None


@dataclass(frozen=True)
class Mesh:
    """What a member's kernel has of the routing mesh and of service addresses.

    :ivar forwards: whether it passes packets on (``net.ipv4.ip_forward``)
    :ivar bridge: whether docker_gwbridge is there
    :ivar ports: TCP ports that rules lead to the routing mesh; ``None`` where iptables does not tell them
    :ivar backends: by network namespace with load balancers, the IPv4 addresses of tasks that they lead visitors to;
        ``None`` where they cannot be read
    :ivar strays: network devices of overlay networks that the engine made and lost, so that it cannot make them again
    """

    forwards: bool
    bridge: bool
    ports: tuple[int, ...] | None
    backends: Mapping[str, tuple[str, ...] | None]
    strays: tuple[str, ...] = ()


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


@dataclass(frozen=True)
class Refusal:
    """What a registry would not do with an image.

    :ivar purpose: ``push``; ``pull``, of what an image is a copy of; ``ask``, where it does not even tell the digest
    :ivar image: a reference without its tag for ``push``, else a whole one
    :ivar message: its answer
    """

    purpose: str
    image: str
    message: str
