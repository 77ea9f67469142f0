"""Say in lines what a reset removed and what it kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...module_utils.observation import Observed


def reset_lines(
    observed: Mapping[str, Observed],
    done: Sequence[str],
    stacks: Sequence[str],
    registry_host: str,
    registry_url: str,
    data: bool,
    images: bool,
) -> list[str]:
    """Say at the end of a reset what it removed and what it kept.

    :param observed: by inventory name, as it was before
    :param done: inventory names of the hosts on which nothing failed
    :param registry_host: host that serves the registry, ``""`` for an external one
    :param stacks: names
    :param data: whether the stacks' volumes were to be removed
    :param images: whether unused images were
    """
    left = [name for name in done if observed[name].swarm.is_member]
    volumes = _volumes(observed, done, data)
    failed = [name for name in observed if name not in done]
    lines = []
    if any(host.swarm.manager for host in observed.values()):
        lines += [f"Removed: stack {stack}, with its services, secrets, configs and releases" for stack in stacks]
    lines.append(f"Removed: the swarm, which {', '.join(left)} left" if left else "No host was in a swarm")
    if volumes:
        way = "" if data else " (-e reset_data=true removes it)"
        lines.append(f"{'Removed' if data else 'Kept'}: the stack's data, {', '.join(volumes)}{way}")
    lines += _image_lines([name for name in done if observed[name].engine], images)
    registry = f"on {registry_host} with its images" if registry_host else f"at {registry_url}"
    lines.append(f"Not touched: Docker, the registry {registry}, and the logins to it")
    if failed:
        return [*lines, f"Not done on {', '.join(failed)}; see the error above, correct it and run again"]
    return [*lines, "site.yml sets the site up again."]


def _volumes(observed: Mapping[str, Observed], done: Sequence[str], data: bool) -> list[str]:
    return [
        f"volume {volume} on {name}"
        for name, host in observed.items()
        for volume in host.volume_names
        if name in done or not data
    ]


def _image_lines(engines: Sequence[str], images: bool) -> list[str]:
    if not images:
        return ["Kept: the hosts' images (-e reset_images=true removes those that no container uses)"]
    return [f"Removed: images that no container uses, on {', '.join(engines)}"] if engines else []
