"""Read what a task's result says, for whoever shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible.playbook.block import Block

from .terminal import printable

if TYPE_CHECKING:
    from ansible.executor.task_result import CallbackTaskResult
    from ansible.playbook.task import Task


def host_label(result: CallbackTaskResult) -> str:
    """Name a task's host, and the one that it was delegated to."""
    # The task itself has a loop's host as it was written; what ran has it as it was.
    items = result.result.get("results") if result.task.loop is not None else None
    ran = items[0] if items else result.result
    host, other = result.host.get_name(), ran.get("_ansible_delegated_vars", {}).get("ansible_delegated_host")
    return f"{host} (on {other})" if other and other != host else str(host)


def is_rescued(task: Task) -> bool:
    """Tell whether a block around a task has a rescue for it."""
    inner, outer = task, task._parent
    while outer:
        if isinstance(outer, Block) and outer.rescue and inner._uuid in [each._uuid for each in outer.block]:
            return True
        inner, outer = outer, outer._parent
    return False


def message(result: Mapping[str, Any]) -> str:
    """Put what a task says of its failure into lines.

    :param result: of a task or of an item of its loop
    """
    said = result.get("censored") or result.get("msg") or "It gave no message."
    text = "\n".join(map(str, said)) if isinstance(said, list) else str(said)
    parts = [text.removeprefix("Task failed: ").strip()]
    for name in ("stdout", "stderr", "module_stdout", "module_stderr"):
        output = str(result.get(name) or "").strip()
        if output and output not in text:
            parts.append(output)
    return "\n".join(filter(None, parts))


def diffs(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the diffs of a result, without what would steer the terminal.

    :param result: of a task or of an item of its loop
    """
    found = result.get("diff") or []
    listed = found if isinstance(found, list) else [found]
    return [{key: printable(text) if isinstance(text, str) else text for key, text in diff.items()} for diff in listed]
