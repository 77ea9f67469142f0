"""Managers are counted: a majority of them stays."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.swarm import quorum


@pytest.mark.parametrize(
    ("states", "leaving", "found"),
    [
        ("reachable reachable reachable", 1, ""),
        ("reachable unreachable reachable", 3, "Bring host-2 back, then run again"),
        ("reachable unreachable reachable", 2, ""),
        ("reachable", 1, "Bring a manager back, then run again"),
    ],
)
def test_manager_goes_only_where_the_others_are_a_majority_at_that_moment(states, leaving, found):
    nodes = [sites.node(number, "manager", reachability=state) for number, state in enumerate(states.split(), 1)]
    nodes.append(sites.node(9, "worker"))
    problem = quorum.loss_of_majority(sites.nodes(*nodes), [f"node-{leaving}"])
    assert (problem.fix if problem else "") == found


@pytest.mark.parametrize(
    ("states", "away", "found"),
    [
        ("reachable reachable reachable", 1, ""),
        ("reachable unreachable reachable", 1, "changing it would leave 1 of 3 managers alive"),
        # Its own place does not get worse.
        ("reachable unreachable reachable", 2, ""),
        ("reachable reachable reachable reachable", 1, ""),
        ("reachable unknown reachable reachable", 1, "changing it would leave 2 of 4 managers alive"),
        ("reachable unreachable reachable reachable reachable", 1, ""),
        # These have no majority to lose.
        ("reachable", 1, ""),
        ("reachable reachable", 1, ""),
    ],
)
def test_manager_is_stopped_for_a_while_only_where_the_others_are_a_majority_of_all(states, away, found):
    nodes = [sites.node(number, "manager", reachability=state) for number, state in enumerate(states.split(), 1)]
    nodes.append(sites.node(9, "worker", state="down"))
    problem = quorum.loss_while_away(sites.nodes(*nodes), f"node-{away}", "changing it")
    assert (problem.found if problem else "") == found
