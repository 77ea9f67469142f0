"""Refuse settings of engines that dockerd itself refuses."""

from __future__ import annotations

from collections.abc import Mapping

from .inventory import name_hosts


def problems(hosts: Mapping[str, Mapping]) -> list[str]:
    """List what the hosts' own dockerd say against the ``daemon.json`` that they are to get.

    :param hosts: inventory name to the result of ``flotilla.swarm.observe``, members of the swarm that could be asked
    :return: one problem for each sentence, with the hosts that say it
    """
    found: dict[str, list[str]] = {}
    for name, host in hosts.items():
        if host["seen"]["daemon_config"]:
            found.setdefault(host["seen"]["daemon_config"], []).append(name)
    return [
        f'docker_daemon_options: found what dockerd refuses in the daemon.json made of it, "{sentence}"; expected are '
        "options and values that it knows (docs/engine.md); correct or remove what it names, no engine was touched "
        f"({name_hosts(names, hosts)})"
        for sentence, names in found.items()
    ]
