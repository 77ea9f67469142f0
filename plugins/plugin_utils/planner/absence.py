"""Say what a run leaves undone because hosts could not be reached."""

from __future__ import annotations

from ..stacks import stack
from ..swarm import membership

# What ssh says of a host whose key is not the one that it knows: the host was reinstalled, or it is another one.
CHANGED_KEY = ("HOST IDENTIFICATION HAS CHANGED", "Host key verification failed")


def describe(site, name, reason, address, nodes):
    """Describe the absence of one host.

    :param site: see ``plan.make_plan``
    :param name: inventory name
    :param reason: what connecting to it said
    :param address: its address, as far as it is known
    :param nodes: the swarm's nodes, as the manager that was asked sees them
    :return: str; ``""`` for a host of group removed that has left the swarm: it may be away for ever
    """
    node = next((node for node in nodes if node["address"] == address), None)
    removed = name in site.get("removed", [])
    if removed and not node:
        return ""
    words = " ".join(reason.split()).removeprefix("Task failed: ").rstrip(":.")
    if any(text in reason for text in CHANGED_KEY):
        # Of ssh's own warning nothing else counts.
        words = (
            f"its ssh key is not the known one. If it was reinstalled, forget the old key (ssh-keygen -R {address}) "
            "and log in once by ssh to take the new one; if not, somebody else may answer at its address"
        )
    parts = [f"{name} ({address}) could not be reached: {words}"]
    if node:
        parts.append(f"The swarm sees it as {node['state']}")
        parts += _voices(node, nodes)
        pinned = [label for label in site.get("volumes", []) if node["labels"].get(label) == "true"]
        for service in stack.pinned_services(site["stack"]["text"], pinned):
            parts.append(f"Service {service} runs only there, where its data is; it was not waited for")
    else:
        parts += [
            f"The swarm has a node of this name at {other['address']}; if the inventory has a wrong address, mend it"
            for other in nodes
            if other["hostname"] == name
        ]
    if name == site["registry_host"]:
        parts.append(
            "It serves the registry: until it is back no image is made, no host logs in, no host retires, and site.yml "
            "and deploy.yml leave the stack as it is. What runs goes on, and moves to nodes that have its image"
        )
    if removed:
        parts.append(f"It did not leave the swarm. If it is gone for good: -e swarm_remove_dead={name}")
    else:
        parts.append("It was left as it is. Run again when it is back, or take it out of the inventory")
    return ". ".join(parts)


def _voices(node, nodes):
    """Give the managers' arithmetic when one of them is away."""
    if node["role"] != "manager":
        return
    managers = [other for other in nodes if other["role"] == "manager"]
    alive = sum(other["reachability"] == "reachable" for other in managers)
    majority = membership.majority(len(managers))
    yield f"It is one of {len(managers)} managers, of which {alive} are reachable; a majority is {majority}"


def excused(site, absent, nodes):
    """List the services that cannot run while hosts are away, because their data is there.

    :param absent: addresses of the hosts that could not be reached
    """
    pinned = [
        label
        for label in site.get("volumes", [])
        for node in nodes
        if node["labels"].get(label) == "true" and node["address"] in absent
    ]
    return stack.pinned_services(site["stack"]["text"], pinned)
