"""Action of ``flotilla.swarm.check``: say what becomes of the stacks' Compose files, without asking any host."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge.role_variables import RoleVariables
from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge.site_input import check_input
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.site import Image, Stack
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.check import check_lines, stack_file_text
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.problems import refusal_lines


class ActionModule(ActionBase):
    """Read settings and stacks, and judge them as far as that needs no host."""

    _requires_connection = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Show the lines, or fail with one report of all problems."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        args, variables = self._task.args, task_vars or {}
        checked = check_input(RoleVariables(self, variables), variables, args["site"], args["hosts"])
        stacks = [stack for stack in checked.site.stacks if checked.site.is_chosen(stack.name)] if checked.site else []
        for stack in stacks:
            for line in check_lines(stack, checked.site.images if checked.site else ()):
                Display().display(line)
        if checked.problems:
            raise AnsibleActionFail("\n".join(refusal_lines(checked.problems, args["hosts"])))
        folder = args.get("write")
        written = (
            _write(Path(folder), stacks, checked.site.images, self._task.check_mode) if folder and checked.site else []
        )
        return dict(result, changed=bool(written), stacks=[stack.name for stack in stacks], written=written)


def _write(folder: Path, stacks: Sequence[Stack], images: Sequence[Image], check_mode: bool) -> list[str]:
    """Write the stack files that are not there as they are, and return their paths; under ``--check`` that alone."""
    texts = {folder / f"{stack.name}.yml": stack_file_text(stack, images) for stack in stacks}
    changed = [path for path, text in texts.items() if not path.is_file() or path.read_text() != text]
    for path in [] if check_mode else changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path])
    return [str(path) for path in changed]
