"""Decide which images a node pulls before an update begins.

A task that waits for its image makes an update longer, and one whose image cannot be pulled fails in the midst of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...module_utils.observation.host import LocalImage
from ..stacks.file import Service
from ..stacks.placement import Candidate, fits


def missing_images(
    registry: str, services: Iterable[Service], nodes: Iterable[Candidate], local: Mapping[str, Iterable[LocalImage]]
) -> dict[str, list[str]]:
    """Find the images that nodes may be given a task of and do not have.

    Only those of the site's registry, where every member is logged in: what comes from elsewhere is pulled by Swarm
    with the manager's logins. A node that takes no tasks needs none.

    :param registry: what the names of its images begin with
    :param local: images by inventory name
    :return: by inventory name, a sorted list of references
    """
    ours = [service for service in services if service.image.startswith(f"{registry}/")]
    return {
        node.name: sorted(
            {service.content_name for service in ours if node.takes_tasks and fits(service.constraints, node)}
            - {name for image in local[node.name] for name in image.names}
        )
        for node in nodes
    }
