"""Turn the decision about the swarm's members into the arguments of each host's phases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..model.change import Change
from ..model.phase import Phase
from ..swarm.membership import Membership
from ..swarm.steps import Step
from .arguments.common import Nothing
from .arguments.swarm import ChangeNodes, CreateSwarm, JoinSwarm, Retire, WaitForStack
from .result import HostPlan
from .situation import Situation


def plan_member(now: Situation, members: Membership, name: str, skip_wait_for: Mapping[str, Sequence[str]]) -> HostPlan:
    """Plan a host's place in the swarm.

    :param skip_wait_for: by stack, services that are not waited for when a host retires
    """
    steps: dict[Phase, list[Step]] = {}
    for step in members.of(name):
        steps.setdefault(step.phase, []).append(step)
    return HostPlan(
        create_swarm=_create(now, members, name) if Phase.CREATE_SWARM in steps else None,
        demote_dead_managers=_nodes(members, Phase.DEMOTE_DEAD_MANAGERS, members.join_manager, steps),
        join_managers=_join(now, members, name, "manager", steps.get(Phase.JOIN_MANAGERS, ())),
        demote_managers=_demote(members, steps.get(Phase.DEMOTE_MANAGERS, ())),
        join_workers=_join(now, members, name, "worker", steps.get(Phase.JOIN_WORKERS, ())),
        remove_dead_nodes=_nodes(members, Phase.REMOVE_DEAD_NODES, members.deploy_manager, steps),
        retire=_retire(now, members, steps.get(Phase.RETIRE, ()), skip_wait_for),
        log_out=Nothing() if Phase.LOG_OUT in steps else None,
        changes={phase: tuple(Change(step.text) for step in found) for phase, found in steps.items()},
    )


def _create(now: Situation, members: Membership, name: str) -> CreateSwarm:
    node = members.settings[name]
    return CreateSwarm(advertise_addr=now.addresses[name], availability=node.availability, labels=node.labels.add)


def _join(now: Situation, members: Membership, name: str, role: str, steps: Sequence[Step]) -> JoinSwarm | None:
    if not steps:
        return None
    node = members.settings[name]
    manager = members.join_manager if role == "manager" else members.deploy_manager
    return JoinSwarm(
        joins=any(step.kind == "join" for step in steps),
        role=role,
        manager=manager,
        manager_addr=now.addresses[manager],
        advertise_addr=now.addresses[name],
        promote=node.role == "manager",
        availability=node.availability,
        labels=node.labels.add,
        remove_labels=node.labels.drop,
    )


def _nodes(
    members: Membership, phase: Phase, manager: str, steps: Mapping[Phase, Sequence[Step]]
) -> ChangeNodes | None:
    """Let the manager that acts change the nodes of all hosts that are gone."""
    return ChangeNodes(manager=manager, nodes=members.nodes_of(phase)) if phase in steps else None


def _demote(members: Membership, steps: Sequence[Step]) -> ChangeNodes | None:
    nodes = tuple(step.node for step in steps)
    return ChangeNodes(manager=members.deploy_manager, nodes=nodes) if nodes else None


def _retire(
    now: Situation, members: Membership, steps: Sequence[Step], skip_wait_for: Mapping[str, Sequence[str]]
) -> Retire | None:
    if not steps:
        return None
    return Retire(
        node=next((step.node for step in steps if step.node), ""),
        demote=any(step.kind == "demote" for step in steps),
        manager=members.deploy_manager,
        stacks=tuple(
            WaitForStack(
                stack=stack.name, timeout=stack.timeout, skip_wait_for=tuple(skip_wait_for.get(stack.name, ()))
            )
            for stack in now.site.stacks
        ),
    )
