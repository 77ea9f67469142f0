"""What a run says of an engine that does not start, and of the site."""

import time
from dataclasses import replace

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.filter.docker import is_awaited
from ansible_collections.flotilla.swarm.plugins.module_utils.observation.swarm import Place
from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts.engine_restart import (
    PATIENCE,
    End,
    failure_lines,
    refusal,
    refusal_lines,
    trouble,
    why_not_started,
)
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import Unreachable, read_observed

from tests.support.problems import told

TIME = "2026-11-25T16:24:27+00:00 worker-1"
STARTING = f"{TIME} systemd[1]: Starting docker.service - Docker Application Container Engine...\n"
STARTED = f"{TIME} systemd[1]: Started docker.service - Docker Application Container Engine.\n"
UNSET = f"{TIME} (dockerd)[7]: docker.service: Referenced but unset environment variable: DOCKER_OPTS\n"
INFO = f'{TIME} dockerd[7]: time="2026-11-25T16:24:28Z" level=info msg="Starting up"\n'
REFUSED = f"{TIME} dockerd[7]: failed to start daemon: proxy http://me:secret@p is bad\n"
EXITED = f"{TIME} systemd[1]: docker.service: Control process exited, code=exited, status=1/FAILURE\n"
FAILED = f"{TIME} systemd[1]: docker.service: Failed with result 'exit-code'.\n"
AGAIN = f"{TIME} systemd[1]: docker.service: Start request repeated too quickly.\n"
RUNNING = STARTING + UNSET + INFO + STARTED + f"{TIME} dockerd[7]: something failed long ago\n"


def observed(**changes):
    """What was observed of a worker whose engine was restarted."""
    return replace(read_observed("w1", sites.converged("10.0.0.2", "node-2")), **changes)


@pytest.mark.parametrize(
    ("journal", "why"),
    [
        (RUNNING + STARTING + UNSET + INFO + REFUSED + EXITED, "failed to start daemon: proxy http://***@p is bad"),
        (RUNNING + STARTING + EXITED + FAILED + AGAIN, "docker.service: Control process exited, code=exited, status=1"),
        (STARTING + REFUSED + EXITED + STARTING, "failed to start daemon"),
        (STARTING + REFUSED + RUNNING, ""),
        ("-- No entries --\n", ""),
        ("", ""),
    ],
)
def test_reason_is_that_of_the_last_attempt(journal, why):
    assert why_not_started(journal).startswith(why)
    assert bool(why_not_started(journal)) is bool(why)


def test_state_of_the_site_is_told():
    reason, journal = "Unable to restart service docker: Job failed", STARTING + REFUSED
    end = End("w2", [["m1"], ["w1"], ["w2", "w5"], ["w3", "w4"]], ["w1"], "10.0.0.1")
    lines = failure_lines(reason, journal, end).splitlines()
    assert lines[:-1] == [
        "w2: its engine did not start: failed to start daemon: proxy http://***@p is bad",
        "No further engine was restarted, and the run ended here.",
        "Changed at the same time, and to the end of their turn: w5.",
        "Changed, and up again: m1.",
        "Not reached when their turn came, and not touched: w1.",
        "Not touched: w3, w4.",
        "Until the next run, visitors of w2 are led to 10.0.0.1.",
    ]
    assert lines[-1].startswith("On w2, journalctl --unit docker tells more. Repair what it names")


def test_of_an_engine_that_is_not_among_others_no_state_is_told():
    text = failure_lines("No package matching 'docker.io'", STARTING + REFUSED, End("w1", [], []))
    assert len(text.splitlines()) == 2


def test_other_reasons_stay():
    text = failure_lines("No package matching 'docker.io'", STARTING + REFUSED, End("w1", [], []))
    assert text.splitlines()[0] == "w1: No package matching 'docker.io'"
    silent = trouble(observed(pages={"hello": "refused"}))
    first = failure_lines(silent, RUNNING, End("w1", [["w1"]], [])).splitlines()[0]
    assert first == "w1: its engine runs, but the page does not answer there (refused)"


@pytest.mark.parametrize(
    ("observation", "text"),
    [
        (observed(engine=None), "does not answer"),
        (observed(swarm=Place(state="error", error="no key")), "is error (no key)"),
        (observed(pages={"hello": "HTTP 503"}), "does not answer there (HTTP 503)"),
        (Unreachable("timed out"), "the host no longer answers (timed out)"),
        (observed(), ""),
        (observed(swarm=Place()), ""),
        (observed(nodes=sites.nodes(sites.node(2, "manager", reachability="unknown"))), "managers do not reach it"),
        (observed(nodes=sites.nodes(sites.node(2, "manager"), sites.node(3, "worker"))), ""),
    ],
)
def test_restarted_engine_is_back_where_it_was(observation, text):
    assert trouble(observation).endswith(text)
    assert bool(trouble(observation)) is bool(text)


def test_restarted_engine_is_waited_for_until_it_is_back_or_the_time_is_over():
    back, silent = (
        {"observation": {**sites.converged("10.0.0.2", "node-2"), **each}} for each in ({}, {"engine": None})
    )
    begun = int(time.time())
    assert is_awaited(back, begun)
    assert not is_awaited(silent, begun)
    assert is_awaited(silent, begun - PATIENCE - 1)


def managers(*states):
    """Managers as each of them sees them, the one whose turn it is first."""
    nodes = [sites.node(number, "manager", reachability=state) for number, state in enumerate(states, 2)]
    return observed(nodes=tuple(sites.nodes(*nodes)))


@pytest.mark.parametrize(
    ("observation", "code"),
    [
        (managers("reachable", "reachable", "reachable"), []),
        (managers("reachable", "reachable", "unreachable"), ["majority-at-risk"]),
        (observed(swarm=Place(state="active", manager=True, error="no leader")), ["swarm-without-quorum"]),
        (Unreachable("timed out"), ["swarm-without-quorum"]),
    ],
)
def test_manager_has_its_turn_only_where_it_may_go_at_that_moment(observation, code):
    problem = refusal(observation)
    assert told([problem] if problem else []) == code


def test_state_of_the_site_is_told_where_a_manager_may_not_go():
    assert refusal_lines(End("m2", [["w1"], ["w2", "w3"], ["m2"], ["m1"]], ["w3"])) == [
        "m2: it was not changed, since its swarm is not as it was when the run was planned",
        "No further engine was restarted, and the run ended here.",
        "Changed, and up again: w1, w2.",
        "Not reached when their turn came, and not touched: w3.",
        "Not touched: m2, m1.",
    ]
