"""Tasks that end with success, and that Swarm starts again whatever they ended with."""

import itertools
import types

import pytest
import sites
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.flotilla.swarm.plugins.action import converge
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.state import judge


def ended(times, state="complete", error="", slot=1):
    """Tasks of one place that ended, the oldest first."""
    return [
        sites.task(slot, id=f"old-{number}", desired="shutdown", state=state, error=error, updated=str(number))
        for number in range(2, 2 + times)
    ]


NEXT = sites.task(1, desired="ready", state="ready", updated="9")
HOMELESS = sites.task(1, state="pending", error="no suitable node", updated="9")


@pytest.mark.parametrize(
    ("tasks", "looping"),
    [
        ([*ended(4), NEXT], True),
        ([*ended(3), NEXT], False),
        ([*ended(4), sites.task(1, updated="9")], False),
        ([*ended(4, state="failed"), NEXT], False),
        ([*ended(4), HOMELESS], False),
    ],
    ids=["four times", "three times", "it runs", "without an error", "its node is away"],
)
def test_job_that_swarm_starts_again_and_again_is_noticed(tasks, looping):
    state = judge(sites.services(job=sites.service(tasks=tasks), web=sites.service()))
    assert state.looping == state.succeeding == (("job",) if looping else ())


def test_what_fails_is_told_beside_it():
    failing = ended(4, state="failed", error="task: non-zero exit (1)")
    both = [*ended(4), *ended(4, "failed", "task: non-zero exit (1)", slot=2)]
    found = sites.services(
        job=sites.service(tasks=[*ended(4), NEXT]), db=sites.service(tasks=failing), mixed=sites.service(2, tasks=both)
    )
    state = judge(found)
    assert (state.looping, state.succeeding) == (("job", "db", "mixed"), ("job",))
    failed, succeeded = converge._failure(state, is_late=False, is_homeless=False, is_looping=True).split("; ", 1)
    assert "db, mixed" in failed and "job" not in failed
    assert "job" in succeeded and 'restart: "no"' in succeeded


LOOPING = sites.stack({"services": {"job": sites.service(tasks=[*ended(4), NEXT])}})
RUNNING = sites.stack({"services": {"job": sites.service(tasks=[*ended(4), sites.task(1, updated="9")])}})


@pytest.fixture
def follow(monkeypatch):
    """Follow a stack as it is observed, by a clock that only waiting moves, and tell how long that took."""

    def make(stacks):
        clock = types.SimpleNamespace(now=0.0)
        clock.monotonic = lambda: clock.now
        clock.sleep = lambda seconds: setattr(clock, "now", clock.now + seconds)
        found = iter(stacks)
        monkeypatch.setattr(converge, "time", clock)
        monkeypatch.setattr(ActionBase, "run", lambda *_: {})
        action = converge.ActionModule.__new__(converge.ActionModule)
        action._task = types.SimpleNamespace(args={"stack": "shop", "timeout": 600, "steady": 10})
        action._observe = lambda *_: types.SimpleNamespace(stacks={"shop": next(found)}, nodes=(), logs=())
        try:
            action.run()
        except AnsibleActionFail as error:
            return clock.now, str(error)
        return clock.now, ""

    return make


def test_short_job_that_is_observed_while_it_runs_is_told_all_the_same(follow):
    seconds, said = follow(itertools.cycle([RUNNING, LOOPING, LOOPING]))
    assert "job end with success again and again" in said
    assert seconds < 60


def test_what_goes_on_running_in_the_end_is_no_loop(follow):
    assert follow([*[LOOPING] * 14, *[RUNNING] * 10]) == (14 * 3 + 12, "")
