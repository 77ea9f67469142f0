"""Action of ``flotilla.swarm.sealed``: bring a host's file into an encrypted one here, or the other way round."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.action import ActionBase
from ansible_collections.flotilla.swarm.plugins.plugin_utils.backup.key import AgeError, decrypting, encrypting

# Bytes that dd counts in, and how many of them are brought at once: what both machines keep in memory.
BLOCK = 2**20
BLOCKS = 16
PIECE = BLOCK * BLOCKS


class ActionModule(ActionBase):
    """Bring it piece by piece, so that its content is on no disk of the control node.

    Ansible's own transfer of files needs them whole and plain on this side.
    """

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Bring the file."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        given = self._task.args
        path, sealed, key = str(given["path"]), Path(given["sealed"]), Path(given["key"])
        try:
            with self._unlogged():
                if given["state"] == "saved":
                    self._save(path, sealed, key)
                else:
                    self._load(sealed, path, key)
        except (AgeError, OSError) as error:
            raise AnsibleActionFail(f"{sealed}: {error}") from error
        return dict(result, changed=True)

    @contextmanager
    def _unlogged(self) -> Iterator[None]:
        """Keep the content out of the output of -vvv, which has what commands print."""
        before = self._play_context.no_log
        self._play_context.no_log = True
        try:
            yield
        finally:
            self._play_context.no_log = before

    def _save(self, path: str, sealed: Path, key: Path) -> None:
        with encrypting(sealed, key) as stream:
            piece, number = b"begin", 0
            while piece:
                piece = self._command(f"dd if={shlex.quote(path)} bs={BLOCK} count={BLOCKS} skip={BLOCKS * number}")
                stream.write(piece)
                number += 1

    def _load(self, sealed: Path, path: str, key: Path) -> None:
        with decrypting(sealed, key) as stream:
            number = 0
            while piece := stream.read(PIECE):
                # At a place of its own, a piece may come twice, as where Ansible repeats what ssh lost.
                self._command(f"dd of={shlex.quote(path)} bs={BLOCK} seek={BLOCKS * number} conv=notrunc", piece)
                number += 1

    def _command(self, command: str, given: bytes | None = None) -> bytes:
        """Run a command as the user who logs in, and return what it prints."""
        code, printed, errors = self._connection.exec_command(f"{command} status=none", in_data=given, sudoable=False)
        if code:
            raise AnsibleActionFail(f"{command}: {to_text(errors).strip()}")
        return bytes(printed)
