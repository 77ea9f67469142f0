"""Tell whether a running engine has taken up the settings that it reads again without a restart.

Source of what those are: "Configuration reload behavior" in https://docs.docker.com/reference/cli/dockerd/. Of them,
these end no task, and stand in the engine's answer to ``GET /info``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence

from .engine import Document

Info = Mapping[str, Document]


def _registry(text: str) -> str:
    """Return a registry as the engine names it: a host without scheme, or a network by its first address."""
    host = text.split("://")[-1]
    return str(ipaddress.ip_network(host, strict=False)) if "/" in host else host


def _registries(names: Iterable[str]) -> set[str]:
    """Return registries without networks of the host itself, which the engine takes for insecure without being told."""
    named = {_registry(name) for name in names}
    return {name for name in named if "/" not in name or not ipaddress.ip_network(name).is_loopback}


def _insecure(info: Info) -> set[str]:
    """Return hosts and networks of registries that need no trusted certificate."""
    registries = info["RegistryConfig"]
    hosts = [name for name, index in registries["IndexConfigs"].items() if not index["Secure"]]
    return _registries([*hosts, *(registries["InsecureRegistryCIDRs"] or [])])


def _mirrors(addresses: Iterable[str] | None) -> list[str]:
    """Return mirrors, in the order in which they are asked, without the slash that the engine puts behind each."""
    return [address.rstrip("/") for address in addresses or []]


# By setting, whether the engine has it: what is set, and what the engine answers.
RELOADABLE: Mapping[str, Callable[[Document, Info], bool]] = {
    "insecure-registries": lambda value, info: _registries(value) == _insecure(info),
    "registry-mirrors": lambda value, info: _mirrors(value) == _mirrors(info["RegistryConfig"]["Mirrors"]),
}


def not_taken_up(keys: Sequence[str], settings: Mapping[str, Document], info: Info) -> list[str]:
    """Name the settings that an engine should have read from its file, and does not have.

    :param keys: of ``RELOADABLE``, those to ask for
    :param settings: of the whole file
    :param info: the engine's answer to ``GET /info``
    """
    return [key for key in keys if not RELOADABLE[key](settings[key], info)]
