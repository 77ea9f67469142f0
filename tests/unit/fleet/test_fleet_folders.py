"""Folders go with all that is in them, or the reason is told."""

import pytest

from fleet import folders


def test_folder_goes_with_all_that_is_in_it(tmp_path):
    (tmp_path / "fleet" / "hosts").mkdir(parents=True)
    (tmp_path / "fleet" / "hosts" / "disk").write_text("x")
    folders.remove(tmp_path / "fleet")
    assert [*tmp_path.iterdir()] == []


def test_folder_that_is_gone_is_as_good(tmp_path):
    folders.remove(tmp_path / "gone")


def test_what_cannot_be_removed_is_told(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="file"):
        folders.remove(tmp_path / "file")
