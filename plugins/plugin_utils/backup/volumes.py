"""Find the data of stacks that cannot be created again: the volumes that hold services on one node."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ...module_utils.observation import Observed
from ...module_utils.observation.stack import Stack as RunningStack
from ..model.problem import Code, Problem, ProblemError
from ..model.site import Stack
from ..stacks.file import VOLUME_PREFIX, parse
from ..stacks.volume_moves import holders

EMPTY = RunningStack()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldVolume:
    """A volume that holds services of stacks on one node.

    :ivar name: as the engine has it
    :ivar stack: name of the first of them
    :ivar host: inventory name of the host that has it
    :ivar node: ID of that host's node
    :ivar is_filled: whether there is anything in it
    :ivar sizes: by service that has it, as the swarm calls the service, its number of tasks
    :ivar dump: command that dumps its data, ``""`` where the services are stopped for the copy
    """

    name: str
    stack: str
    host: str
    node: str
    is_filled: bool
    sizes: Mapping[str, int]
    dump: str


def running_stacks(stacks: Sequence[Stack], manager: Observed, named: Collection[str]) -> tuple[Stack, ...]:
    """Select the stacks that run.

    :param manager: that answers for the swarm
    :param named: names of stacks that the user means, which must run
    :raise ProblemError: one of those does not, or none at all
    """
    found = tuple(stack for stack in stacks if (manager.stacks or {}).get(stack.name, EMPTY).services)
    missing = [name for name in named if name not in [stack.name for stack in found]]
    if missing or not found:
        names = missing or [stack.name for stack in stacks]
        raise impossible(f"no services of {' and '.join(names)}", "stacks that run", "Run site.yml first")
    return found


def held_volumes(
    stacks: Sequence[Stack], site: Sequence[Stack], manager: Observed, hosts: Mapping[str, Observed]
) -> tuple[HeldVolume, ...]:
    """Find the volumes that hold services of stacks, with the hosts that have them.

    :param stacks: that run
    :param site: all stacks, of which those that run may have services with the same volumes
    :param manager: that answers for the swarm
    :param hosts: members that could be asked
    :raise ProblemError: a host that has one did not answer
    """
    found: dict[str, HeldVolume] = {}
    for stack in (*stacks, *(each for each in site if each not in stacks)):
        for volume in _of_stack(stack, manager, hosts, None if stack in stacks else {*found}):
            first = found.get(volume.name, volume)
            sizes = {**first.sizes, **volume.sizes}
            found[volume.name] = replace(first, sizes=sizes, dump=first.dump or volume.dump)
    return tuple(found.values())


def _of_stack(
    stack: Stack, manager: Observed, hosts: Mapping[str, Observed], only: Collection[str] | None
) -> Iterator[HeldVolume]:
    """Find those of one stack.

    :param only: names of volumes, ``None`` for all
    """
    running = (manager.stacks or {}).get(stack.name, EMPTY)
    file = parse(running.record.file if running.record else stack.text)
    dumps = {file.volume_name(stack.name, key): command for key, command in stack.dumps.items()}
    for label in file.volume_labels:
        name = label.removeprefix(VOLUME_PREFIX)
        if only is not None and name not in only:
            continue
        holder = _holder(name, manager, hosts)
        services = [each for each in file.pinned_services([label]) if each in running.services]
        # What a backup that was cut short has stopped cannot dump, and is copied.
        can_dump = any(running.services[each].size for each in services)
        yield HeldVolume(
            name=name,
            stack=stack.name,
            host=holder,
            node=hosts[holder].swarm.node_id,
            is_filled=hosts[holder].has_data(name),
            sizes={f"{stack.name}_{each}": running.size_of(each) for each in services},
            dump=dumps.get(name, "") if can_dump else "",
        )


def _holder(volume: str, manager: Observed, hosts: Mapping[str, Observed]) -> str:
    nodes = holders(manager.nodes or (), volume)
    found = [name for name, host in hosts.items() if host.swarm.node_id in nodes]
    if not found:
        raise impossible(
            f"no answer of the node that has the data (label {VOLUME_PREFIX}{volume})",
            "that node",
            "Bring it back, or run site.yml, which says what is missing",
        )
    return found[0]


def impossible(found: str, expected: str, fix: str, *hosts: str) -> ProblemError:
    """Return the problem of a backup or a restore that a site does not allow."""
    return ProblemError(Problem(code=Code.BACKUP_IMPOSSIBLE, hosts=hosts, found=found, expected=expected, fix=fix))
