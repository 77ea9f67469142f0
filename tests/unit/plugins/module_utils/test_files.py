"""Files are written as a whole, with their mode, and left alone where they are as they should be."""

import os
import stat

import pytest
from ansible_collections.flotilla.swarm.plugins.module_utils import files


def mode(path):
    """The mode of a file or folder."""
    return oct(stat.S_IMODE(path.lstat().st_mode))


def test_file_and_its_folders_get_their_modes_whatever_the_mask(tmp_path):
    file = tmp_path / "a/b/file"
    mask = os.umask(0o077)
    try:
        files.write(str(file), "ä\n", 0o644, 0o755)
    finally:
        os.umask(mask)
    assert file.read_text() == "ä\n"
    assert [mode(each) for each in (file, file.parent, file.parent.parent)] == ["0o644", "0o755", "0o755"]
    assert files.is_so(str(file), "ä\n", 0o644)


def test_folder_that_is_there_keeps_its_mode(tmp_path):
    tmp_path.chmod(0o750)
    files.write(str(tmp_path / "file"), "", 0o600, 0o755)
    assert mode(tmp_path) == "0o750"


@pytest.mark.parametrize(("text", "expected"), [("other", 0o600), ("text", 0o644)])
def test_another_text_or_mode_is_a_difference(tmp_path, text, expected):
    file = tmp_path / "file"
    files.write(str(file), "text", 0o600, 0o755)
    assert not files.is_so(str(file), text, expected)
    files.write(str(file), text, expected, 0o755)
    assert (file.read_text(), mode(file)) == (text, oct(expected))


@pytest.mark.parametrize("found", [b"\xff\x00", b"text\r\n"])
def test_other_bytes_are_a_difference(tmp_path, found):
    file = tmp_path / "file"
    files.write(str(file), "", 0o644, 0o755)
    file.write_bytes(found)
    assert not files.is_so(str(file), "text\n", 0o644)


def test_link_is_replaced_and_what_it_led_to_is_left_alone(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    files.write(str(target), "theirs", 0o644, 0o755)
    link.symlink_to(target)
    assert files.is_so(str(link), "theirs", 0o644)
    files.write(str(link), "ours", 0o644, 0o755)
    assert not link.is_symlink()
    assert (link.read_text(), target.read_text()) == ("ours", "theirs")


def test_a_folder_in_its_place_is_an_error_and_nothing_is_left(tmp_path):
    file = tmp_path / "file"
    file.mkdir()
    with pytest.raises(OSError, match="directory"):
        files.is_so(str(file), "", 0o644)
    with pytest.raises(OSError, match="directory"):
        files.write(str(file), "", 0o644, 0o755)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(("text", "is_kept"), [("text", True), ("other", False)])
def test_file_keeps_its_time_where_its_text_stays(tmp_path, text, is_kept):
    """Services that started before a file's time are restarted to read it."""
    file = tmp_path / "file"
    files.write(str(file), "text", 0o600, 0o755)
    os.utime(file, (100.5, 100.5))
    files.write(str(file), text, 0o644, 0o755)
    assert (file.stat().st_mtime == 100.5) is is_kept
