"""Decide how the swarm's members become what the inventory says, one step after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ..model.observation import Host
from ..model.phase import Phase
from ..model.problem import Code, Problem
from ..model.site import Site
from ..stacks.file import VOLUME_PREFIX
from . import labels
from .answerers import find_swarm, strangers, without_deploy_manager
from .claims import false_claims
from .placement import choose_nodes, data_that_would_go, keeps_data, several_have_data
from .quorum import even
from .steps import NodeChange, Step, list_steps, losses_of_quorum
from .view import PinnedVolume, View, compare

NO_VOLUMES: Mapping[str, PinnedVolume] = MappingProxyType({})

SEE = "See docker info and journalctl -u docker on {}"
# An engine that starts locked joins no overlay network, see planner.rolling.
UNLOCK = "Run on {}: docker swarm unlock; docker swarm update --autolock=false; systemctl restart docker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Decision about the swarm; for ``join_manager``, ``deploy_manager`` and ``creates`` see ``Answerers``.

    :ivar steps: in order
    :ivar settings: by inventory name
    :ivar problems: what forbids the run
    :ivar warnings: sentences about what does not
    """

    join_manager: str = ""
    deploy_manager: str = ""
    creates: bool = False
    steps: tuple[Step, ...] = ()
    settings: Mapping[str, NodeChange] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()

    def of(self, host: str) -> list[Step]:
        """Return the steps of a host."""
        return [step for step in self.steps if step.host == host]

    def nodes_of(self, phase: Phase) -> tuple[str, ...]:
        """Return the IDs of the nodes that a phase is about."""
        return tuple(step.node for step in self.steps if step.phase is phase)

    @property
    def labels(self) -> dict[str, Mapping[str, str]]:
        """Return the labels that hosts will get."""
        return {name: change.labels.add for name, change in self.settings.items()}

    def only_places(self) -> Membership:
        """Return what gives the stack's volumes their nodes, and nothing else."""
        settings = {name: _only_places(change) for name, change in self.settings.items()}
        steps = tuple(step for step in self.steps if step.host in settings and step.text in settings[step.host].texts)
        return replace(self, settings=settings, steps=steps)


def decide(
    site: Site,
    hosts: Mapping[str, Host],
    addresses: Mapping[str, str],
    pinning: Mapping[str, PinnedVolume] = NO_VOLUMES,
    retire: bool = True,
) -> Membership:
    """Decide what the swarm's members have to do.

    :param addresses: by inventory name, the address that other nodes use
    :param pinning: the volumes that hold services on one node, by the label of that node
    :param retire: whether hosts of group retire may leave now
    """
    view = compare(site, hosts, addresses, pinning, ())
    problems = [*labels.problems({name: view.desired[name] for name in site.members}), *_unfinished(view)]
    found = find_swarm(view)
    if isinstance(found, Problem):
        return Membership(problems=(*problems, found))
    if found.cluster_id:
        view = compare(site, hosts, addresses, pinning, view.observed[found.join_manager].nodes or ())
        problems += [
            *strangers(view, found),
            *false_claims(view, found),
            *_badly_named(view),
            *without_deploy_manager(view, found),
        ]
    if problems:
        return Membership(
            join_manager=found.join_manager,
            deploy_manager=found.deploy_manager,
            creates=found.creates,
            problems=tuple(problems),
        )
    placed = choose_nodes(view)
    settings = {name: _node_change(view, name, placed.get(name, {})) for name in site.members if name in view.observed}
    steps = list_steps(view, found, settings, retire)
    return Membership(
        join_manager=found.join_manager,
        deploy_manager=found.deploy_manager,
        creates=found.creates,
        steps=steps,
        settings=settings,
        problems=(
            *losses_of_quorum(view, steps),
            *dict.fromkeys(several_have_data(view)),
            *data_that_would_go(view, settings, retire),
        ),
        warnings=(*even(len(site.managers)), *_unknown_names(view)),
    )


def _unfinished(view: View) -> Iterator[Problem]:
    for name in view.site.retire:
        if name in view.observed and view.observed[name].swarm.state == "stopped":
            yield Problem(
                code=Code.ENGINE_STOPPED,
                hosts=(name,),
                found="it is in retire, but its engine is stopped and cannot leave the swarm",
                expected="an engine that runs",
                fix=f"Run on {name}: systemctl start docker",
            )
    for name, observed in view.observed.items():
        if observed.swarm.state in ("error", "locked", "pending"):
            yield Problem(
                code=Code.SWARM_UNCLEAR,
                hosts=(name,),
                found=f"an engine whose swarm is {observed.swarm.state} ({observed.swarm.error or 'no reason given'})",
                expected="active or inactive",
                fix=UNLOCK.format(name) if observed.swarm.state == "locked" else SEE.format(name),
            )


def _badly_named(view: View) -> Iterator[Problem]:
    """Check what the user named as dead."""
    for node in view.named:
        hosts = [name for name in view.site.members if view.addresses[name] == node.address]
        if node.state != "down":
            yield Problem(
                code=Code.DEAD_NODE_ALIVE,
                where="swarm_remove_dead",
                found=f"{node.hostname}, whose node is {node.state}",
                expected="a node that is down",
                fix="Retire a living host by moving it to group retire",
            )
        elif hosts:
            yield Problem(
                code=Code.DEAD_NODE_IS_HOST,
                where="swarm_remove_dead",
                found=f"{node.hostname}, which is {hosts[0]} of the inventory",
                expected="a node of no host of the inventory",
                fix=f"Take {hosts[0]} out of managers and workers first, or bring it back",
            )
        elif view.holds(node):
            yield keeps_data(node.hostname, view.holds(node), "swarm_remove_dead names it")


def _node_change(view: View, name: str, placed: Mapping[str, str]) -> NodeChange:
    """Compare labels and availability of a member with the inventory."""
    node = view.own.get(name)
    current = node.labels if node else {}
    inherited = labels.inherit(view.old[name], view.others(name), view.pinning)
    kept = {label: value for label, value in inherited.items() if label not in current}
    change = labels.compare(current, view.desired[name].labels, {**kept, **placed})
    found, availability = node.availability if node else "active", view.availability(name)
    moved = [f"set availability {availability} (found {found})"] if availability != found else []
    return NodeChange(
        role="manager" if node and name in view.site.managers and not node.is_manager else None,
        availability=availability if moved else None,
        labels=change,
        texts=(*change.texts, *moved),
    )


def _only_places(change: NodeChange) -> NodeChange:
    add = {name: value for name, value in change.labels.add.items() if name.startswith(VOLUME_PREFIX)}
    placing = labels.compare({}, {}, add)
    return NodeChange(role=None, availability=None, labels=placing, texts=placing.texts)


def _unknown_names(view: View) -> Iterator[str]:
    for name in view.unknown_names:
        yield f"swarm_remove_dead names {name}, but no dead node is called so; there is nothing to remove"
