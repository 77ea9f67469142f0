"""Action of ``flotilla.swarm.converge``: follow a deploy until it runs, or say why it does not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.flotilla.swarm.plugins.module_utils.observation import Observed
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import parse, read_observed
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.report import (
    failure_lines,
    left_behind_text,
    progress_line,
)
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.terminal import printable
from ansible_collections.flotilla.swarm.plugins.plugin_utils.stacks.state import Convergence, judge

# Seconds between two observations; one costs a manager about as much as one `docker service ls`.
INTERVAL = 3
# Observations in a row that must find old tasks without an update before they count as left behind: the orchestrator
# itself needs a moment between the end of one update and the start of the next.
STALE_OBSERVATIONS = 10
# Seconds for which no node may take a task: tasks that make room need a while to end, and a node that reboots about a
# minute.
HOMELESS_SECONDS = 90
# Seconds for which a task must go on ending in the same way, once that is a pattern: what it waits for may be about to
# come, such as a service of the same stack.
LOOPING_SECONDS = 40
# Seconds without such a task until that is over: one that ends soon may be observed while it runs.
CALM_SECONDS = 10


class ActionModule(ActionBase):
    """Observe the stack again and again, through ``flotilla.swarm.observe``."""

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, object]:
        """Return the specs of the converged services, or fail with the task that stands in the way."""
        result = super().run(tmp, task_vars)
        begin, timeout = time.monotonic(), int(self._task.args["timeout"])
        duration, done_since = int(self._task.args.get("steady") or 0), None
        said: str | None = None
        stale_for, housed, steady, looped = 0, begin, begin, begin - CALM_SECONDS
        while True:
            found = self._observe(task_vars)
            stack = (found.stacks or {}).get(self._task.args["stack"])
            state = judge(stack.services if stack else {}, self._task.args.get("skip_wait_for") or [])
            stale_for = stale_for + 1 if state.stale else 0
            now = time.monotonic()
            # Where they must stay at their size, old tasks may not stay beside the new ones.
            done_since = (done_since or now) if state.done and not (duration and state.stale) else None
            is_done = done_since is not None and now - done_since >= duration
            if duration and stale_for == STALE_OBSERVATIONS:
                raise AnsibleActionFail(left_behind_text(state.stale, self._task.args["stack"]))
            if stack and (is_done or stale_for == STALE_OBSERVATIONS):
                specs = {name: dict(service.spec) for name, service in stack.services.items()}
                return dict(result, changed=False, stack=self._task.args["stack"], specs=specs, stale=list(state.stale))
            elapsed = now - begin
            housed = housed if state.homeless else now
            looped = now if state.looping else looped
            steady = steady if now - looped < CALM_SECONDS else now
            is_looping = bool(state.looping) and now - steady > LOOPING_SECONDS
            failure = _failure(state, elapsed > timeout, now - housed > HOMELESS_SECONDS, is_looping)
            if failure:
                # A task without a node has no log.
                task = state.trouble.task.id if state.trouble and state.trouble.task.node else ""
                logs = self._observe(task_vars, task).logs if task else ()
                name, nodes = self._task.args["stack"], found.nodes or ()
                lines = failure_lines(name, state, failure, nodes, logs, elapsed, timeout)
                raise AnsibleActionFail("\n".join(lines))
            line = progress_line(state)
            if said is None and not state.done:
                Display().display(_patience(timeout))
            if line != said and not state.done:
                Display().display(printable(line))
                said = line
            time.sleep(INTERVAL)

    def _observe(self, task_vars: dict[str, Any] | None, task: str = "") -> Observed:
        question = {"stacks": [self._task.args["stack"]], "logs": task}
        answer = self._execute_module("flotilla.swarm.observe", question, task_vars=task_vars)
        if answer.get("failed"):
            raise AnsibleActionFail(f"cannot observe the stack: {answer.get('msg')}")
        return read_observed("the manager", parse(answer["observation"]))


def _patience(timeout: int) -> str:
    """Say how long may be waited for."""
    return (
        f"  waiting for at most {timeout} s, or {HOMELESS_SECONDS} s while no node takes a task,\n"
        f"  or {LOOPING_SECONDS} s while a task ends again and again in the same way\n"
        "  only new tasks are counted; older ones may go on serving meanwhile"
    )


def _failure(state: Convergence, is_late: bool, is_homeless: bool, is_looping: bool) -> str:
    """Say why a stack will not converge, ``""`` while it still may."""
    if state.failure:
        return state.failure
    if is_homeless:
        return f"no node can take a task of {', '.join(state.homeless)}"
    if is_looping:
        return "; ".join(_loops(state))
    return "not at its size in time" if is_late else ""


def _loops(state: Convergence) -> Iterator[str]:
    """Say which tasks start again and again, and what to do for those that end with success."""
    failing = [name for name in state.looping if name not in state.succeeding]
    if failing:
        yield f"tasks of {', '.join(failing)} start again and again, and fail each time in the same way"
    if state.succeeding:
        names = ", ".join(state.succeeding)
        yield f'tasks of {names} end with success again and again, and Swarm starts others; a job has restart: "no"'
