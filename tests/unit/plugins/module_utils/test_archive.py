"""No link is followed when a folder is packed or unpacked, and no member leaves the folder."""

import errno
import io
import os
import re
import socket
import tarfile

import pytest
from ansible_collections.flotilla.swarm.plugins.module_utils import archive


@pytest.fixture
def volume(tmp_path):
    """A folder with files, folders and links that stay inside."""
    folder = tmp_path / "volume"
    (folder / "deep/deeper").mkdir(parents=True)
    (folder / "deep/deeper/file").write_bytes(b"data")
    (folder / "deep").chmod(0o750)
    (folder / "run").write_text("#!/bin/sh")
    (folder / "run").chmod(0o4711)
    (folder / "same").hardlink_to(folder / "run")
    (folder / "deep/up").symlink_to("../run")
    (folder / "here").symlink_to("deep/deeper")
    os.utime(folder / "run", (1000, 1000))
    return folder


def contents(folder):
    """All names below a folder: what each is."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        else:
            found[name] = (oct(path.stat().st_mode), path.read_bytes() if path.is_file() else None)
    return found


def unpacked(file, folder, owner=""):
    folder.mkdir(exist_ok=True)
    archive.unpack(str(file), str(folder), owner)
    return contents(folder)


def test_what_was_packed_comes_back(volume, tmp_path):
    (tmp_path / "new").mkdir()
    assert archive.pack(str(volume), str(tmp_path / "tar")) == []
    found = unpacked(tmp_path / "tar", tmp_path / "new")
    # Nobody gets the rights of a file's owner by running it.
    assert found == {**contents(volume), **dict.fromkeys(("run", "same"), ("0o100711", b"#!/bin/sh"))}
    assert (tmp_path / "new/run").stat().st_mtime == 1000
    assert (tmp_path / "new/same").stat().st_nlink == 1


def test_archive_is_for_its_maker_alone_and_replaces_nothing(volume, tmp_path):
    archive.pack(str(volume), str(tmp_path / "tar"))
    assert oct((tmp_path / "tar").stat().st_mode & 0o777) == "0o600"
    with pytest.raises(FileExistsError):
        archive.pack(str(volume), str(tmp_path / "tar"))


@pytest.mark.parametrize("target", ["/etc/passwd", "../secret", "deep/../../secret", "deep/up/../../../secret"])
def test_link_that_leads_out_is_left_out_and_told(volume, tmp_path, target):
    (tmp_path / "secret").write_text("secret")
    (volume / "link").symlink_to(target)
    assert archive.pack(str(volume), str(tmp_path / "tar")) == [f"'./link', a link that leads out, to {target!r}"]
    assert b"secret" not in (tmp_path / "tar").read_bytes()


def test_what_is_no_file_is_left_out_and_told(volume, tmp_path):
    os.mkfifo(volume / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(volume / "socket"))
        told = archive.pack(str(volume), str(tmp_path / "tar"))
    assert [re.findall(r"\w+", each)[0] for each in told] == ["pipe", "socket"]


def test_folder_that_cannot_be_read_ends_it(volume, tmp_path, monkeypatch):
    (volume / "closed").mkdir()
    opened = os.open

    def refuse(path, *given, **named):
        if path == "closed":
            raise PermissionError(errno.EACCES, "closed")
        return opened(path, *given, **named)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PermissionError):
        archive.pack(str(volume), str(tmp_path / "data.tar"))


def test_folder_that_is_a_link_is_not_packed(volume, tmp_path):
    """Whoever may write to a volume may put a link where a dump is expected."""
    (tmp_path / "link").symlink_to(volume)
    with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
        archive.pack(str(tmp_path / "link"), str(tmp_path / "tar"))


def test_file_that_becomes_a_link_while_it_is_packed_is_not_followed(volume, tmp_path, monkeypatch):
    """A container that runs may put one there between two steps."""
    plain = os.stat(volume / "run")
    (tmp_path / "secret").write_text("secret")
    (volume / "link").symlink_to(tmp_path / "secret")
    with tarfile.open(tmp_path / "tar", "w") as tar, monkeypatch.context() as patched:
        parent = os.open(volume, os.O_RDONLY)
        patched.setattr(os, "stat", lambda *_args, **_more: plain)
        with pytest.raises(OSError, match="symbolic links"):
            archive._add(tar, "link", "link", parent)
    os.close(parent)
    assert b"secret" not in (tmp_path / "tar").read_bytes()


def member(name, kind=tarfile.REGTYPE, link="", **more):
    found = tarfile.TarInfo(name)
    found.type, found.linkname, found.size = kind, link, len("data") if kind == tarfile.REGTYPE else 0
    for key, value in more.items():
        setattr(found, key, value)
    return found


def tar_of(path, *members):
    with tarfile.open(path, "w") as tar:
        for each in members:
            tar.addfile(each, io.BytesIO(b"data"))
    return path


HOSTILE = {
    "absolute": ([member("/etc/cron.d/x")], "an absolute path"),
    "parent": ([member("../x")], "leaves the folder"),
    "parent in between": ([member("a/../../x")], "leaves the folder"),
    "itself": ([member("./x")], "leaves the folder"),
    "file as root": ([member(".")], "leaves the folder"),
    "absolute link": ([member("x", tarfile.SYMTYPE, "/etc")], "leads out"),
    "link to the parent": ([member("a/x", tarfile.SYMTYPE, "../../etc")], "leads out"),
    "link by another": ([member("a", tarfile.SYMTYPE, "."), member("x", tarfile.SYMTYPE, "a/../..")], "leads out"),
    "through a link": ([member("a", tarfile.SYMTYPE, "b"), member("a/x")], "no folder"),
    "through a file": ([member("a"), member("a/b/x")], "no folder"),
    "hard link": ([member("x", tarfile.LNKTYPE, "/etc/shadow")], "hard link"),
    "hard link inside": ([member("a"), member("x", tarfile.LNKTYPE, "a")], "hard link"),
    "device": ([member("x", tarfile.BLKTYPE, devmajor=254)], "device"),
    "terminal": ([member("x", tarfile.CHRTYPE)], "device"),
    "pipe": ([member("x", tarfile.FIFOTYPE)], "pipe"),
    "link replaced by a folder": ([member("a", tarfile.SYMTYPE, "b"), member("a", tarfile.DIRTYPE)], "twice"),
}


@pytest.mark.parametrize(("given", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_member_that_would_leave_the_folder_ends_it(tmp_path, given, reason):
    tar_of(tmp_path / "tar", member("good"), *given)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(archive.ArchiveError, match=reason), tarfile.open(tmp_path / "tar") as tar:
        [*archive.members(tar)]
    (tmp_path / "new").mkdir()
    with pytest.raises(archive.ArchiveError, match=reason):
        archive.unpack(str(tmp_path / "tar"), str(tmp_path / "new"))
    outside = [path for path in sorted(tmp_path.rglob("*")) if not path.is_relative_to(tmp_path / "new")]
    assert outside == before


@pytest.mark.parametrize("there", ["a", "a/b"])
def test_link_that_is_there_already_is_not_followed(tmp_path, there):
    """A container may have planted it in the place that is unpacked into."""
    (tmp_path / "outside/b").mkdir(parents=True)
    (tmp_path / "new" / there).parent.mkdir(parents=True)
    (tmp_path / "new" / there).symlink_to(tmp_path / "outside" / there[2:])
    with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
        archive.unpack(str(tar_of(tmp_path / "tar", member("a/b/x"))), str(tmp_path / "new"))
    assert [*(tmp_path / "outside").rglob("*")] == [tmp_path / "outside/b"]


def test_file_that_is_there_already_is_replaced_and_not_written_through(tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "outside").write_text("outside")
    (tmp_path / "new/x").symlink_to(tmp_path / "outside")
    (tmp_path / "new/other").write_text("other")
    found = unpacked(tar_of(tmp_path / "tar", member("x", mode=0o640)), tmp_path / "new")
    assert found == {"x": ("0o100640", b"data"), "other": ("0o100644", b"other")}
    assert (tmp_path / "outside").read_text() == "outside"


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")
def test_owner_is_the_archives_or_the_given_one(tmp_path):
    tar = tar_of(tmp_path / "tar", member("x", uid=999, gid=998))
    unpacked(tar, tmp_path / "new")
    assert ((tmp_path / "new/x").stat().st_uid, (tmp_path / "new/x").stat().st_gid) == (999, 998)
    unpacked(tar, tmp_path / "new", "root")
    assert ((tmp_path / "new/x").stat().st_uid, (tmp_path / "new/x").stat().st_gid) == (0, 0)
