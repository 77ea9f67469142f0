"""Tell whether a running engine has taken up the settings that it reads again without a restart.

Source of what those are: "Configuration reload behavior" in https://docs.docker.com/reference/cli/dockerd/. Of them,
these end no task, and stand in the engine's answer to ``GET /info``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence

from .engine import Document

Info = Mapping[str, Document]
LOOPBACK = {"127.0.0.0/8", "::1/128"}


def _registry(text: str) -> str:
    """Return a registry as the engine names it: a host without scheme, or a network by its first address."""
    host = text.split("://")[-1]
    try:
        return str(ipaddress.ip_network(host, strict=False)) if "/" in host else host
    except ValueError:  # Neither, so that the engine does not have it.
        return host


def _registries(names: Iterable[str]) -> set[str]:
    """Return registries without networks of the host itself, which the engine takes for insecure without being told."""
    return {_registry(name) for name in names} - LOOPBACK


def _insecure(info: Info) -> set[str]:
    """Return hosts and networks of registries that need no trusted certificate."""
    registries = info["RegistryConfig"]
    hosts = [name for name, index in registries["IndexConfigs"].items() if not index["Secure"]]
    return _registries([*hosts, *(registries["InsecureRegistryCIDRs"] or [])])


def _mirrors(addresses: Iterable[str] | None) -> list[str]:
    """Return mirrors once each, in the order in which they are asked, without the slash that the engine adds."""
    return list(dict.fromkeys(address.rstrip("/") for address in addresses or []))


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
