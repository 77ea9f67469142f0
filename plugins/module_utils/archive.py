"""Pack a folder that others write to, and unpack a tar file that may be anybody's.

No link is followed in either direction: each name is opened beneath the open folder before it, so that neither a member
nor whoever may write to the folder leads a run of root to another place.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import stat
import tarfile
from collections.abc import Iterator
from typing import IO, NoReturn

NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# The name that a member has until it is whole.
UNFINISHED = ".flotilla-unpacked"
KINDS = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
}


class ArchiveError(Exception):
    """A tar file has a member that may not be there; the message is what was found."""


def pack(folder: str, file: str) -> list[str]:
    """Pack a folder: its files, folders, and the links that stay inside it. A hard link becomes a file of its own.

    :param file: that is made, which must not be there yet
    :return: what was left out, each with the reason
    :raise OSError: the folder or a file cannot be read, or the disk is full
    """
    left_out = []
    root = os.open(folder, FOLDER)
    try:
        descriptor = os.open(file, NEW, 0o600)
        with os.fdopen(descriptor, "wb") as stream, tarfile.open(fileobj=stream, mode="w") as tar:
            tar.addfile(_info(".", os.stat(root)))
            for path, folders, files, parent in os.fwalk(".", onerror=_refuse, dir_fd=root):
                folders.sort()
                for name in sorted([*folders, *files]):
                    reason = _add(tar, os.path.normpath(os.path.join(path, name)), name, parent)
                    if reason:
                        left_out.append(f"{os.path.join(path, name)!r}, {reason}")
    finally:
        os.close(root)
    return left_out


def _refuse(error: OSError) -> NoReturn:
    """Leave no folder out that cannot be read."""
    raise error


def _add(tar: tarfile.TarFile, path: str, name: str, parent: int) -> str:
    """Add one name of an open folder; return why it is left out, or ``""``."""
    found = os.stat(name, dir_fd=parent, follow_symlinks=False)
    info = _info(path, found)
    if stat.S_ISDIR(found.st_mode):
        tar.addfile(info)
    elif stat.S_ISLNK(found.st_mode):
        info.type, info.linkname = tarfile.SYMTYPE, os.readlink(name, dir_fd=parent)
        if _leads_out(path, info.linkname):
            return f"a link that leads out, to {info.linkname!r}"
        tar.addfile(info)
    elif stat.S_ISREG(found.st_mode):
        # A pipe that took its place meanwhile would let an open wait for ever.
        with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent), "rb") as stream:
            info = _info(path, os.fstat(stream.fileno()))
            tar.addfile(info, stream)
    else:
        return "neither a file, a folder nor a link"
    return ""


def _info(path: str, found: os.stat_result) -> tarfile.TarInfo:
    """Describe a member; its owners are numbers, as a container has no names of this host."""
    info = tarfile.TarInfo(path)
    info.mode, info.uid, info.gid, info.mtime = stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, found.st_mtime
    if stat.S_ISDIR(found.st_mode):
        info.type = tarfile.DIRTYPE
    elif stat.S_ISREG(found.st_mode):
        info.size = found.st_size
    return info


def members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the members of a tar file as long as they are what ``pack`` writes.

    :raise ArchiveError: one is none of these, or would leave the folder that it is unpacked into
    :raise tarfile.TarError: the file is no tar file, or is cut short
    """
    names: set[str] = set()
    closed: set[str] = set()
    for member in tar:
        fault = _fault(member, names, closed)
        if fault:
            raise ArchiveError(f"{member.name!r}, {fault}")
        names.add(member.name)
        if not member.isdir():
            closed.add(member.name)
        yield member


def _fault(member: tarfile.TarInfo, names: set[str], closed: set[str]) -> str:
    """Say why a member may not be there, or ``""``."""
    parts = member.name.split("/")
    parents = {"/".join(parts[:count]) for count in range(1, len(parts))}
    if member.name.startswith("/"):
        return "an absolute path"
    if {"", ".", ".."} & {*parts} and not (member.name == "." and member.isdir()):
        return "a path that leaves the folder"
    if member.name in names:
        return "twice"
    if parents & closed:
        return "a path through what is no folder"
    if member.issym():
        return f"a link that leads out, to {member.linkname!r}" if _leads_out(member.name, member.linkname) else ""
    is_plain = member.isdir() or (member.isreg() and not member.issparse())
    return "" if is_plain else KINDS.get(member.type, "no file, folder or link")


def _leads_out(path: str, target: str) -> bool:
    """Tell whether a link leads out of the folder.

    All of its ``..`` must come first: behind the name of another link, they would begin where that one leads.
    """
    parts = target.split("/")
    up = next((count for count, part in enumerate(parts) if part != ".."), len(parts))
    return target.startswith("/") or ".." in parts[up:] or up > path.count("/")


def unpack(file: str, folder: str, owner: str = "") -> None:
    """Unpack a tar file into a folder; what is there under the same names is replaced, and all else stays.

    :param owner: user whom all of it will belong to, with his group; ``""`` for whom the file names, by number
    :raise ArchiveError: see ``members``; what came before that member is there
    :raise tarfile.TarError: as well
    :raise OSError: something cannot be written, or a folder on its way is a link
    :raise KeyError: there is no such user
    """
    account = pwd.getpwnam(owner) if owner else None
    root = os.open(folder, FOLDER)
    try:
        with tarfile.open(file, "r:") as tar:
            for member in members(tar):
                if account:
                    member.uid, member.gid = account.pw_uid, account.pw_gid
                _place(tar, member, root)
    finally:
        os.close(root)


def _place(tar: tarfile.TarFile, member: tarfile.TarInfo, root: int) -> None:
    *parents, name = member.name.split("/")
    parent = _open_parents(root, parents)
    try:
        if member.isdir():
            _place_folder(member, name, parent)
        elif member.issym():
            _remove(UNFINISHED, parent)
            os.symlink(member.linkname, UNFINISHED, dir_fd=parent)
            os.chown(UNFINISHED, member.uid, member.gid, dir_fd=parent, follow_symlinks=False)
            os.replace(UNFINISHED, name, src_dir_fd=parent, dst_dir_fd=parent)
        else:
            _place_file(tar.extractfile(member), member, name, parent)
    finally:
        os.close(parent)


def _open_parents(root: int, parents: list[str]) -> int:
    """Open a folder beneath another, step by step; what is missing is made."""
    current = os.dup(root)
    for name in parents:
        try:
            below = _open_folder(name, current)
        finally:
            os.close(current)
        current = below
    return current


def _open_folder(name: str, parent: int) -> int:
    try:
        return os.open(name, FOLDER, dir_fd=parent)
    except FileNotFoundError:
        os.mkdir(name, 0o700, dir_fd=parent)
        return os.open(name, FOLDER, dir_fd=parent)


def _place_folder(member: tarfile.TarInfo, name: str, parent: int) -> None:
    descriptor = _open_folder(name, parent)
    try:
        os.fchown(descriptor, member.uid, member.gid)
        os.fchmod(descriptor, member.mode & 0o3777)
    finally:
        os.close(descriptor)


def _place_file(content: IO[bytes] | None, member: tarfile.TarInfo, name: str, parent: int) -> None:
    """Write a file beside its place; nobody gets the rights of its owner by running it."""
    _remove(UNFINISHED, parent)
    with open(os.open(UNFINISHED, NEW, 0o600, dir_fd=parent), "wb") as stream:
        while content:
            piece = content.read(2**20)
            if not piece:
                break
            stream.write(piece)
        stream.flush()
        os.fchown(stream.fileno(), member.uid, member.gid)
        os.fchmod(stream.fileno(), member.mode & 0o777)
        os.utime(stream.fileno(), (member.mtime, member.mtime))
    os.replace(UNFINISHED, name, src_dir_fd=parent, dst_dir_fd=parent)


def _remove(name: str, parent: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=parent)
