"""Show of a run what a person wants to read: each change in a line, each error once, and the report last."""

from __future__ import annotations

import atexit
import importlib
from collections.abc import Callable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate

from ansible import constants as C
from ansible import context
from ansible.plugins.callback.default import CallbackModule as Default
from ansible.plugins.loader import action_loader
from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge import inventory_files
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.problems import name_hosts
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.results import (
    diffs,
    host_label,
    is_rescued,
    message,
)
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.terminal import printable

if TYPE_CHECKING:
    from ansible.executor.stats import AggregateStats
    from ansible.executor.task_result import CallbackTaskResult
    from ansible.playbook.play import Play
    from ansible.playbook.task import Task

DOCUMENTATION = r"""
name: concise
type: stdout
short_description: Show changes, errors and the report of a run, and nothing else
description:
  - Shows a play once a task of it may take time, a change of several hosts in one line, and diffs where asked for.
  - After the recap stand the errors, each once, and then the lines of M(flotilla.swarm.report).
  - With C(-v) and more, tasks are shown as P(ansible.builtin.default#callback) shows them.
extends_documentation_fragment: [default_callback, result_format_callback]
requirements:
  - C(stdout_callback = flotilla.swarm.concise) in ansible.cfg.
author: The flotilla authors
"""

OBSERVE = "flotilla.swarm.observe"
PLAN = "flotilla.swarm.plan"
REPORT = "flotilla.swarm.report"
# What people read of these is their output; they change nothing that a recap would count.
TELLING = {f"flotilla.swarm.{name}" for name in ("check", "exec", "logs", "run_task")}
DEBUG = "ansible.builtin.debug"
# The exit code of a status that was told and has problems; one that could not be told ends with Ansible's, 2 or 4.
PROBLEMS_FOUND = 1
# Its changes stand in the plan already; only their diffs are news.
ANNOUNCE = "flotilla.swarm.announce"
# Actions whose messages are written for people, and say themselves what they are about.
SAYING = {f"ansible.builtin.{name}" for name in ("assert", "fail")}
# Actions that read, decide or sort, or are over in a moment: their play needs no heading.
BRIEF = {
    *SAYING,
    *(f"flotilla.swarm.{name}" for name in ("announce", "lock", "observe", "plan", "report")),
    *(f"ansible.builtin.{name}" for name in ("add_host", "group_by", "include_tasks", "include_role", "meta")),
    *(f"ansible.builtin.{name}" for name in ("set_fact", "ping", "validate_argument_spec")),
}
COLORS = {
    "changed": C.COLOR_CHANGED,
    "would change": C.COLOR_CHANGED,
    "failed": C.COLOR_ERROR,
    "unreachable": C.COLOR_UNREACHABLE,
}


type Event[**P] = Callable[Concatenate[CallbackModule, P], None]


def concise[**P](method: Event[P]) -> Event[P]:
    """Leave an event to the default callback where ``-v`` is given."""
    default = getattr(Default, method.__name__)

    def choose(self: CallbackModule, /, *args: P.args, **kwargs: P.kwargs) -> None:
        (default if self._display.verbosity else method)(self, *args, **kwargs)

    return update_wrapper(choose, method)


class CallbackModule(Default):
    """Gather what hosts have in common, and show it when the next task begins."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "flotilla.swarm.concise"

    def __init__(self) -> None:
        """Begin with nothing to show."""
        super().__init__()
        self._hidden_play: Play | None = None
        self._hosts: set[str] = set()  # that had a task
        self._unreachable: set[str] = set()
        self._diffs: dict[tuple[str, str], list[str]] = {}  # by task and host
        self._items: dict[tuple[str, str], list[str]] = {}  # what failed of a loop, by task and host
        self._events: dict[tuple[str, str, str], list[str]] = {}  # hosts by kind, task's name and diff
        self._errors: dict[tuple[str, str], list[str]] = {}  # hosts by title and message
        self._report: list[str] = []
        self._only_tells = self._has_problems = False
        # An interrupted run has no recap.
        atexit.register(self._show_errors)

    def v2_playbook_on_start(self, playbook: object) -> None:
        """Name the inventory's files that are no YAML: what Ansible says next names none."""
        for fault in inventory_files.faults(context.CLIARGS.get("inventory") or C.DEFAULT_HOST_LIST):
            self._display.error(fault)

    @concise
    def v2_playbook_on_play_start(self, play: Play) -> None:
        """Keep its name until a task needs it."""
        self._show_events()
        self._play = self._hidden_play = play

    @concise
    def v2_playbook_on_task_start(self, task: Task, is_conditional: bool) -> None:
        """Show what the task before came to, and the play if this task may take time."""
        self._show_events()
        if self._hidden_play and task.resolved_action not in BRIEF:
            self._display.banner(f"PLAY [{self._hidden_play.get_name().strip()}]")
            self._hidden_play = None
        if task.resolved_action == OBSERVE:
            # Once, before Ansible's process for each host begins: all of them need it, and it takes long.
            importlib.import_module("docker.utils.build")

    @concise
    def v2_playbook_on_handler_task_start(self, task: Task) -> None:
        """Show a handler as any task."""
        self.v2_playbook_on_task_start(task, False)

    @concise
    def v2_on_file_diff(self, result: CallbackTaskResult) -> None:
        """Keep the diffs of a task or of an item until the task's result comes."""
        if result.result.get("changed"):
            shown = map(self._get_diff, diffs(result.result))
            self._diffs.setdefault(self._key(result), []).extend(filter(None, shown))

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        """Note a change, and keep the report for the end of the run."""
        if result.task.resolved_action == REPORT:
            self._report += [*([""] if self._report else []), *result.result["lines"]]
            self._only_tells = "status" in result.result
        self._only_tells |= result.task.resolved_action in TELLING
        if result.task.resolved_action == OBSERVE:
            # Ansible compiles a collection's code in each run, most of it for the plan: do so while other hosts answer.
            action_loader.get(PLAN, class_only=True)
        if self._display.verbosity or result.task.resolved_action == DEBUG:
            super().v2_runner_on_ok(result)
            return
        self._handle_warnings(result.result)
        self._hosts.add(result.host.get_name())
        shown = self._diffs.pop(self._key(result), [])
        if not shown and result.result.get("changed") and result.task.resolved_action != ANNOUNCE:
            shown = [""]
        for diff in shown:
            self._note("would change" if result.task.check_mode else "changed", result, diff)

    @concise
    def v2_runner_on_skipped(self, result: CallbackTaskResult) -> None:
        """Show its warnings alone."""
        self._handle_warnings(result.result)
        self._hosts.add(result.host.get_name())

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:
        """Keep the error for the end of the run, unless the play itself goes on from there; a status is none."""
        is_status = result.task.resolved_action == REPORT and "status" in result.result
        if is_status:
            self._report, self._only_tells, self._has_problems = result.result["lines"], True, True
        if self._display.verbosity:
            super().v2_runner_on_failed(result, ignore_errors)
            return
        self._handle_warnings(result.result)
        if not is_status:
            self._keep_failure(result, ignore_errors)

    def _keep_failure(self, result: CallbackTaskResult, ignore_errors: bool) -> None:
        items = self._items.pop(self._key(result), [])
        if ignore_errors:
            return
        action = result.task.resolved_action or ""
        self._hosts.add(result.host.get_name())
        self._only_tells |= action in TELLING
        if action not in {*BRIEF, *TELLING}:
            self._note("failed", result)
        if not is_rescued(result.task):
            is_said = action in SAYING or (action.startswith("flotilla.swarm.") and action != OBSERVE)
            title = "" if is_said else f"failed: {{}}: {result.task.get_name()}"
            self._keep_error(title, "\n".join(items) or message(result.result), result)

    @concise
    def v2_runner_on_unreachable(self, result: CallbackTaskResult) -> None:
        """Name the host once, and keep the error for the end of the run unless the play itself says what it means."""
        self._handle_warnings(result.result)
        host = result.host.get_name()
        self._hosts.add(host)
        if host not in self._unreachable:
            self._unreachable.add(host)
            self._events.setdefault(("unreachable", "", ""), []).append(host)
        if not result.task.ignore_unreachable:
            self._keep_error(f"unreachable: {{}}: {result.task.get_name()}", message(result.result), result)

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        """Show the recap, then errors, then the report, which a run that failed before it has not.

        What only tells changes nothing: no task counts for whoever reads it.

        :raise SystemExit: a status found problems; Ansible's own code would be that of a status that could not be told
        """
        self._show_events()
        if not self._only_tells or self._display.verbosity:
            super().v2_playbook_on_stats(stats)
        self._show_errors()
        if self._report:
            self._display.display(printable("\n".join(self._report)))
            self._report = []
        if self._has_problems:
            raise SystemExit(PROBLEMS_FOUND)

    def _handle_warnings(self, res: dict[str, Any]) -> None:
        """Show the warnings of a result, which may be a host's own words."""
        for text in res.pop("warnings", None) or ():
            self._display.warning(printable(str(text)))
        super()._handle_warnings(res)

    def _key(self, result: CallbackTaskResult) -> tuple[str, str]:
        return result.task._uuid, host_label(result)

    def _note(self, kind: str, result: CallbackTaskResult, diff: str = "") -> None:
        # Behind the names of role and file stands what a task does.
        name = result.task_name.rpartition(" | ")[2].rpartition(" : ")[2]
        title = "" if result.task.resolved_action == ANNOUNCE else name
        self._events.setdefault((kind, title, diff), []).append(host_label(result))

    def _show_events(self) -> None:
        for (kind, title, diff), hosts in self._events.items():
            line = ": ".join(filter(None, [kind, name_hosts(sorted(hosts), self._hosts), title]))
            self._display.display(printable(line), color=COLORS[kind])
            if diff:
                self._display.display(diff)
        self._events.clear()

    def _keep_error(self, title: str, text: str, result: CallbackTaskResult) -> None:
        # What is run once fails for all, whichever host it was asked of.
        hosts = self._errors.setdefault((title, text), [])
        if title or not (result.task.run_once or result.host.get_name() in text):
            hosts.append(host_label(result))

    def _show_errors(self) -> None:
        for (title, text), hosts in self._errors.items():
            names = name_hosts(sorted(hosts), self._hosts)
            if title:
                text = "\n  ".join([title.format(names), *text.splitlines()])
            elif names not in ("", "localhost"):
                text = f"{names}: {text}"
            stderr = self.get_option("display_failed_stderr")
            self._display.display(printable(text), color=C.COLOR_ERROR, stderr=stderr)
            self._display.display("")
        self._errors.clear()

    @concise
    def v2_playbook_on_no_hosts_matched(self) -> None:
        """Show nothing of a play without hosts."""

    @concise
    def v2_playbook_on_no_hosts_remaining(self) -> None:
        """Show nothing: the recap is next."""

    @concise
    def v2_playbook_on_include(self, included_file: object) -> None:
        """Show nothing: its tasks are next."""

    @concise
    def v2_runner_retry(self, result: CallbackTaskResult) -> None:
        """Show nothing: the last try counts."""

    @concise
    def v2_runner_item_on_failed(self, result: CallbackTaskResult) -> None:
        """Keep what an item says until the task's result comes."""
        self._handle_warnings(result.result)
        text = f"{self._get_item_label(result.result)}: {message(result.result)}"
        self._items.setdefault(self._key(result), []).append(text)

    @concise
    def v2_runner_item_on_ok(self, result: CallbackTaskResult) -> None:
        """Show its warnings alone: the whole task counts."""
        self._handle_warnings(result.result)

    @concise
    def v2_runner_item_on_skipped(self, result: CallbackTaskResult) -> None:
        """Show its warnings alone, too."""
        self._handle_warnings(result.result)
