import copy

import pytest

from fleet import image, process

RECIPE = {"suite": "trixie", "packages": ["sudo"], "files": {"a": ["plain", "text"]}}


def test_recipe_hash_is_short_and_stable():
    assert image.recipe_hash(RECIPE) == image.recipe_hash(copy.deepcopy(RECIPE))
    assert len(image.recipe_hash(RECIPE)) == 12


@pytest.mark.parametrize(
    "change",
    [
        {"suite": "forky"},
        {"packages": ["sudo", "udev"]},
        {"files": {"a": ["plain", "other text"]}},
        {"files": {"a": ["executable", "text"]}},
    ],
)
def test_recipe_hash_changes_with_every_ingredient(change):
    assert image.recipe_hash(RECIPE | change) != image.recipe_hash(RECIPE)


def test_files_below_tells_content_and_kind_of_mode(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "plain").write_text("1")
    (tmp_path / "script").write_text("2")
    (tmp_path / "script").chmod(0o755)
    assert image.files_below(tmp_path) == {
        "folder/plain": ["plain", "1"],
        "script": ["executable", "2"],
    }


def test_recipe_names_every_file_of_the_image(monkeypatch):
    monkeypatch.setattr(image, "kernel_version", lambda: "6.12.1")
    monkeypatch.setattr(image, "apt_options", lambda: [])
    files = image.recipe()["files"]
    assert {"customize.sh", "boot", "overlay/usr/local/sbin/fleet-host"} <= set(files)


def test_mirrors_are_those_of_the_machine(monkeypatch):
    listing = (
        "trixie http://mirror.example/debian/\n"
        "trixie-updates http://mirror.example/debian/\n"
        "trixie-security http://mirror.example/security/\n"
        "./ file:/srv/packages/\n"
    )
    monkeypatch.setattr(process, "run", lambda *command: listing)
    assert image.mirrors() == {
        "debian": "http://mirror.example/debian/",
        "security": "http://mirror.example/security/",
    }


def test_mirrors_are_those_of_debian_on_another_distribution(monkeypatch):
    monkeypatch.setattr(process, "run", lambda *command: "noble http://mirror.example/ubuntu/\n")
    assert image.mirrors() == image.DEFAULT_MIRRORS


def test_apt_options_are_passed_on_as_apt_writes_them(monkeypatch):
    monkeypatch.setattr(process, "run", lambda *command: "Acquire::Check-Date false\n")
    assert image.apt_options() == ['Acquire::Check-Date "false"']
