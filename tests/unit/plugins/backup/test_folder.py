"""Only a backup that the key's holder made, that is whole and that can be unpacked without trust, is restored."""

import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.backup import folder, key

from tests.support.problems import refused

DATA = folder.data_file("hello_redis-data")
AT = "2026-11-24T15-00-00Z"
RECORD = {"stacks": {"hello": {"configs": [], "secrets": {}}}, "volumes": {"hello_redis-data": "hello"}}


@pytest.fixture
def made(tmp_path):
    """A key."""
    return new_key(tmp_path / "key")


def new_key(path):
    subprocess.run(["age-keygen", "-o", path], check=True, capture_output=True)
    return key.read_key(path)


def write(path, made, at=AT, **members):
    """Write a backup; its volume has these members, each with its data or with a link to somewhere."""
    path.mkdir(exist_ok=True)
    seal(path / DATA, made, tar_of(members or {"visits": b"forty-two"}))
    seal(path / folder.IMAGES, made, tar_of({"blob": b"image"}))
    seal(path / folder.RECORD, made, json.dumps(RECORD).encode())
    (path / folder.MANIFEST).write_text(json.dumps(folder.manifest(path, at, made)))
    return path


def seal(path, made, content):
    with key.encrypting(path, made.path) as stream:
        stream.write(content)


def tar_of(members):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
            else:
                info.type, info.linkname = tarfile.SYMTYPE, content
            tar.addfile(info, io.BytesIO(content if isinstance(content, bytes) else b""))
    return packed.getvalue()


def refuse(path, made, code="backup-damaged", **given):
    """Expect that a backup is refused; return what was found."""
    with refused(f"{code}: backup_from") as problems:
        folder.read(str(path), made, given.pop("has_images", True), **given)
    return problems[0].found


def test_whole_backup_is_read_and_shows_nothing_to_others(tmp_path, made):
    path = write(tmp_path / "backup", made)
    saved = folder.read(str(path), made, has_images=True)
    assert (saved.at, saved.stacks, saved.volumes) == (AT, RECORD["stacks"], RECORD["volumes"])
    everything = b"".join(each.read_bytes() for each in path.iterdir())
    assert not [word for word in (b"visits", b"forty-two", b"blob", b"configs", made.secret) if word in everything]
    assert made.secret.decode() not in repr(made)


@pytest.mark.parametrize("name", [DATA, folder.IMAGES, folder.RECORD])
@pytest.mark.parametrize("where", [0, 60, -1], ids=["first byte", "a byte", "last byte"])
def test_altered_byte_of_any_file_is_told(tmp_path, made, name, where):
    path = write(tmp_path / "backup", made) / name
    content = bytearray(path.read_bytes())
    content[where] ^= 1
    path.write_bytes(content)
    assert name in refuse(path.parent, made)


@pytest.mark.parametrize("name", [DATA, folder.IMAGES, folder.RECORD])
def test_file_that_is_cut_short_or_missing_is_told(tmp_path, made, name):
    path = write(tmp_path / "backup", made) / name
    path.write_bytes(path.read_bytes()[:-1])
    assert name in refuse(path.parent, made)
    path.unlink()
    assert f"{name} is missing" in refuse(path.parent, made)


def test_altered_manifest_is_told_whatever_else_fits(tmp_path, made):
    """Whoever alters a file can sum it up again, and cannot seal that."""
    path = write(tmp_path / "backup", made)
    (path / DATA).write_bytes(b"other")
    told = json.loads((path / folder.MANIFEST).read_text())
    resealed = folder.manifest(path, AT, made)
    for content in (
        {**told, "files": resealed["files"]},
        {**told, "at": "2027-01-01T00-00-00Z"},
        {**resealed, "seal": told["seal"]},
        {name: value for name, value in told.items() if name != "seal"},
        {**told, "seal": None},
    ):
        (path / folder.MANIFEST).write_text(json.dumps(content))
        assert folder.MANIFEST in refuse(path, made)


def test_files_for_the_public_key_alone_are_not_believed(tmp_path, made):
    """Anybody who has the recipient can encrypt for it; the code needs the secret part."""
    path = write(tmp_path / "backup", made)
    recipient = subprocess.run(["age-keygen", "-y", made.path], check=True, capture_output=True, text=True).stdout
    forged = subprocess.run(
        ["age", "-r", recipient.strip()], input=tar_of({"visits": b"0"}), check=True, capture_output=True
    )
    (path / DATA).write_bytes(forged.stdout)
    assert DATA in refuse(path, made)
    other = key.Key(made.path, b"AGE-SECRET-KEY-1OTHER")
    (path / folder.MANIFEST).write_text(json.dumps({**folder.manifest(path, AT, other), "key": made.name}))
    assert folder.MANIFEST in refuse(path, made)


@pytest.mark.parametrize("text", ["", "{", "[]", "12", "\xff", "null", "{}"])
def test_manifest_that_is_none_is_told(tmp_path, made, text):
    path = write(tmp_path / "backup", made)
    (path / folder.MANIFEST).write_text(text, encoding="latin-1")
    refuse(path, made)


def test_backup_of_another_site_is_told(tmp_path, made):
    path = write(tmp_path / "backup", new_key(tmp_path / "other"))
    assert str(made.path) in refuse(path, made, "backup-other-site")


@pytest.mark.parametrize(
    ("newer_than", "is_old"), [("2026-11-25", True), ("2026-11-24T15-00-01Z", True), ("2026-11-24", False), (AT, False)]
)
def test_backup_that_is_older_than_asked_is_told(tmp_path, made, newer_than, is_old):
    path = write(tmp_path / "backup", made)
    if is_old:
        assert AT in refuse(path, made, "backup-too-old", newer_than=newer_than)
    else:
        assert folder.read(str(path), made, has_images=True, newer_than=newer_than).at == AT


@pytest.mark.parametrize(
    "text", ["yesterday", "2026", "2026-11", "2026-11-24T15", AT, "2026-11-24 15:00", "2026-11-24T15:00:00Z"]
)
def test_time_is_one_as_backups_have_it(text):
    if any(letter in text for letter in " :y"):
        with refused("setting-invalid: backup_newer_than"):
            folder.check_time(text)
    else:
        folder.check_time(text)


@pytest.mark.parametrize(
    "members",
    [{"../x": b"x"}, {"/x": b"x"}, {"x": "/etc"}, {"a/x": "../../etc"}, {"a": "b", "a/x": b"x"}],
    ids=["parent", "absolute", "link out", "link up", "through a link"],
)
def test_archive_that_must_not_be_unpacked_is_told_though_the_key_fits(tmp_path, made, members):
    """A host that was stolen may have packed it."""
    path = write(tmp_path / "backup", made, **{"first": b"1", **members})
    assert repr([*members][-1]) in refuse(path, made, "backup-unsafe")


def test_images_are_needed_where_the_site_serves_them(tmp_path, made):
    path = write(tmp_path / "backup", made)
    (path / folder.IMAGES).unlink()
    (path / folder.MANIFEST).write_text(json.dumps(folder.manifest(path, AT, made)))
    assert folder.read(str(path), made, has_images=False)
    assert folder.IMAGES in refuse(path, made)


@pytest.mark.parametrize("text", [None, "", "age1abc\n", "AGE-SECRET-KEY-1A\nAGE-SECRET-KEY-1B\n"])
def test_file_without_one_key_is_told(tmp_path, text):
    if text is not None:
        (tmp_path / "key").write_text(text)
    with refused("backup-key: backup_key_file"):
        key.read_key(tmp_path / "key")


def test_machine_without_age_is_told(monkeypatch):
    key.require_age()
    monkeypatch.setenv("PATH", "/nowhere")
    with refused("age-missing"):
        key.require_age()


def test_what_age_says_comes_through(tmp_path, made):
    (tmp_path / "empty").write_text("")
    with (
        pytest.raises(key.AgeError, match=r"no identities|empty"),
        key.encrypting(tmp_path / "x", tmp_path / "empty") as out,
    ):
        out.write(bytes(2**20))
    path = tmp_path / "sealed"
    seal(path, made, b"x" * 2**20)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(key.AgeError), key.decrypting(path, made.path) as stream:
        while stream.read(2**16):
            pass
    assert Path(path).stat().st_mode & 0o777 == 0o600
