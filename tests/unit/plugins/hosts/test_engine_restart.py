"""What a run says of an engine that does not start, and of the site."""

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts.engine_restart import (
    failure_lines,
    trouble,
    why_not_started,
)

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
    lines = failure_lines({"msg": reason}, journal, "w2", ["m1", "w1", "w2", "w3", "w4"], ["w1"]).splitlines()
    assert lines[:-1] == [
        "w2: its engine did not start: failed to start daemon: proxy http://***@p is bad",
        "No further engine was restarted, and the run ended here.",
        "Changed, and up again: m1.",
        "Not reached when their turn came, and not touched: w1.",
        "Not touched: w3, w4.",
    ]
    assert lines[-1].startswith("On w2, journalctl --unit docker tells more. Repair what it names")


def test_of_an_engine_that_is_not_among_others_no_state_is_told():
    assert (
        len(failure_lines({"msg": "No package matching 'docker.io'"}, STARTING + REFUSED, "w1", [], []).splitlines())
        == 2
    )


def test_other_reasons_stay():
    first = failure_lines({"msg": "No package matching 'docker.io'"}, STARTING + REFUSED, "w1", [], []).splitlines()[0]
    assert first == "w1: No package matching 'docker.io'"
    waited = {"failed": True, "seen": {"engine": {"version": "26"}, "swarm": {"state": "active"}, "page": "refused"}}
    first = failure_lines(waited, RUNNING, "w1", ["w1"], []).splitlines()[0]
    assert first == "w1: its engine runs, but the page does not answer there (refused)"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"seen": {"engine": {}, "swarm": {"state": "active", "error": ""}, "page": ""}}, "does not answer"),
        (
            {"seen": {"engine": {"version": "26"}, "swarm": {"state": "error", "error": "no key"}, "page": ""}},
            "is error (no key)",
        ),
        (
            {"seen": {"engine": {"version": "26"}, "swarm": {"state": "active", "error": ""}, "page": "HTTP 503"}},
            "does not answer there (HTTP 503)",
        ),
        ({"unreachable": True, "msg": "timed out"}, "the host no longer answers (timed out)"),
        ({"seen": {"engine": {"version": "26"}, "swarm": {"state": "active", "error": ""}, "page": ""}}, ""),
        ({"seen": {"engine": {"version": "26"}, "swarm": {"state": "inactive", "error": ""}, "page": ""}}, ""),
    ],
)
def test_restarted_engine_is_back_where_it_was(answer, text):
    assert trouble(answer).endswith(text)
    assert bool(trouble(answer)) is bool(text)
