"""Filters of role swarm, each a function of plugin_utils that is documented there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ansible_collections.flotilla.swarm.plugins.module_utils.observation.swarm import Node
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.decode import decode
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.problems import problem_lines
from ansible_collections.flotilla.swarm.plugins.plugin_utils.swarm.quorum import loss_of_majority


def demotion_problem(nodes: Iterable[Mapping[str, object]], leaving: Sequence[str]) -> str:
    """Say what ``plugin_utils.swarm.membership.loss_of_majority`` finds, ``""`` for nothing."""
    problem = loss_of_majority([decode(Node, node, "nodes") for node in nodes], leaving)
    return "\n".join(problem_lines(problem)) if problem else ""


def stacks_of(moves: Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
    """List the stacks of services, each once, with the seconds that it may take.

    :param moves: with ``stack`` and ``timeout``
    """
    timeouts = {move["stack"]: move["timeout"] for move in moves}
    return [{"stack": stack, "timeout": timeout} for stack, timeout in timeouts.items()]


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Map filter names to functions."""
        return {"demotion_problem": demotion_problem, "stacks_of": stacks_of}
