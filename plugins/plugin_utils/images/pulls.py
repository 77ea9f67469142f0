"""Decide which images a node pulls before an update begins.

A task that waits for its image makes an update longer, and one whose image cannot be pulled fails in the midst of it.
"""

from __future__ import annotations

from ..checks import stack_file
from ..stacks import stack


def missing_images(registry, stack_plan, nodes, hosts):
    """Find the images that nodes may be given a task of and do not have.

    Only those of the site's registry, where every member is logged in: what comes from elsewhere is pulled by Swarm
    with the manager's logins. A node that takes no tasks needs none.

    :param registry: ``"host:port"``
    :param stack_plan: see ``release_plan.plan_stack``
    :param nodes: see ``preflight.describe_nodes``
    :param hosts: dict of inventory name to the result of ``flotilla.swarm.observe``
    :return: dict of inventory name to a sorted list of references
    """
    services = stack.parse(stack.render(stack_plan["text"], stack_plan["variables"]))["services"].values()
    found = {}
    for node in nodes:
        host = hosts[node["name"]]
        takes_tasks = host["wanted"]["swarm"]["availability"] == "active"
        local = {name for image in host["seen"]["local_images"] for name in image["names"]}
        found[node["name"]] = sorted(
            {
                service["image"]
                for service in services
                if takes_tasks and service.get("image", "").startswith(f"{registry}/")
                if stack_file.fits(service, node)
            }
            - local
        )
    return found
