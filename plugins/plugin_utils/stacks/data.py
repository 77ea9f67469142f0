"""Decide whether a service finds its data again, so that none begins without the data that it once had.

A stack file pins a service to the node that has its volume (``flotilla.volume.X``). Where that volume is gone or empty,
the service may begin anew only if the stack never ran with it, or if the user accepts the loss by name. A run that
brings data back from a backup is not judged by its absence.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..model.problem import Code, Problem
from . import stack


@dataclass
class Verdict:
    """What is to be thought of the stack's data.

    :ivar problems: what forbids the run
    :ivar anew: services that may begin without data
    :ivar losses: those of them that had some; the user accepts that
    """

    problems: list = field(default_factory=list)
    anew: list = field(default_factory=list)
    losses: list = field(default_factory=list)


def judge(site, text, hosts, nodes, labels, running):
    """Judge whether the stack's data is where its services will look for it.

    :param site: see ``plan.make_plan``; ``restored`` of its ``stack`` names the data that this run brings back later
    :param text: the stack file that will run, which is not always the inventory's
    :param hosts: dict of inventory name to ``seen`` of ``flotilla.swarm.observe``, of the hosts that could be asked
    :param nodes: the swarm's nodes, as the manager that was asked sees them
    :param labels: dict of inventory name to labels that it will get
    :param running: ``stack`` of that manager's observation, ``{}`` before there is a swarm
    :return: ``Verdict``
    """
    lost, pinning = site["stack"]["lost"], stack.volume_labels(text)
    known = [label.removeprefix(stack.VOLUME_PREFIX) for label in pinning]
    verdict = Verdict([_unknown(name, known) for name in set(lost) - set(known)])
    ran = set(stack.volume_labels(running["record"]["file"])) if running.get("record") else set()
    for label, name in zip(pinning, known, strict=True):
        volumes = stack.pinned_volumes(text, label, site["stack"]["name"])
        holder = _holder(label, hosts, nodes, labels)
        if not volumes or not holder or any(hosts[holder]["volumes"].get(volume) for volume in volumes):
            continue
        if name in site["stack"].get("restored", ()):
            continue
        if label in ran and name not in lost:
            verdict.problems.append(_lost(name, label, holder, volumes, hosts, running["releases"][-1]["number"]))
            continue
        services = stack.pinned_services(text, [label])
        verdict.anew += services
        verdict.losses += services if label in ran else []
    return verdict


def _unknown(name, known):
    return Problem(
        code=Code.SETTING_INVALID,
        where="stack_data_lost",
        found=name,
        expected=f"one of: {', '.join(known) or 'none'}",
        fix="Correct the name, or remove it",
    )


def _lost(name, label, holder, volumes, hosts, release):
    others = [host for host, seen in hosts.items() if any(seen["volumes"].get(volume) for volume in volumes)]
    there = f"; {' and '.join(others)} has some" if others else ""
    move = "Move the label or the data; or bring" if others else "Bring"
    return Problem(
        code=Code.DATA_LOST,
        hosts=(holder,),
        found=f"no data in {' and '.join(volumes)}{there}",
        expected=f"the data of {name} (label {label}), with which release {release} ran",
        fix=f"{move} the disk or the volume back; or accept the loss (site.yml -e stack_data_lost={name}), and then "
        "restore a backup if you have one; see docs/data.md",
    )


def _holder(label, hosts, nodes, labels):
    """Find the host that has the data, or will; ``""`` when it could not be asked."""
    coming = [name for name, added in labels.items() if added.get(label) == "true"]
    there = {node["id"] for node in nodes if node["labels"].get(label) == "true"}
    return next(iter([*coming, *(name for name, seen in hosts.items() if seen["swarm"]["node_id"] in there)]), "")
