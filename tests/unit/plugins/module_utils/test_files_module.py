"""Module files writes what differs, and shows and logs nothing of what is in the files."""

import json
import syslog

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.flotilla.swarm.plugins.modules import files

CANARY = "canary-in-a-coal-mine"


@pytest.fixture
def write(capsys, monkeypatch):
    """A function that runs the module for one file, and returns its result and all that it shows and logs."""
    logged = []
    monkeypatch.setattr(syslog, "syslog", lambda _priority, line: logged.append(line))

    def run(path, text, **more):
        given = {"files": {str(path): {"text": text, "mode": "0600"}}, **more}
        with patch_module_args(given), pytest.raises(SystemExit):
            files.main()
        shown = capsys.readouterr().out
        return json.loads(shown), shown + "\n".join(logged)

    return run


def test_only_what_differs_is_written(tmp_path, write):
    path = tmp_path / "folder/file"
    assert write(path, "text\n", _ansible_check_mode=True)[0]["written"] == [str(path)]
    assert not path.exists()
    assert write(path, "text\n", folder_mode="0700")[0]["changed"] is True
    assert (path.read_text(), oct(path.parent.stat().st_mode)[-3:]) == ("text\n", "700")
    result, _ = write(path, "text\n")
    assert (result["changed"], result["written"]) == (False, [])


def test_what_is_in_files_is_shown_and_logged_by_nobody(tmp_path, write):
    path = tmp_path / "file"
    path.write_text(f"old {CANARY}")
    for text in (f"password {CANARY}\n", "other\n"):
        result, shown = write(path, text, _ansible_diff=True)
        assert result["changed"] is True
        assert "Invoked with" in shown
        assert CANARY not in shown


def test_what_cannot_be_written_is_named(tmp_path, write):
    result, _ = write(tmp_path, "text\n")
    assert result["msg"] == f"{tmp_path}: Is a directory"
