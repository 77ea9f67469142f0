import subprocess
from pathlib import Path

import pytest

from tests.site import golden_disks as disks

# What a run on bare hosts does not read. A new folder must be put here or into MADE_OF.
NOT_MADE_OF = {
    *(".ansible-lint", ".ci", ".github", ".gitignore", ".pre-commit-config.yaml", ".yamllint", "bench", "CHANGELOG.md"),
    *("collections", "CONTRIBUTING.md", "docs", "LICENSE", "Makefile", "pyproject.toml", "README.md", "tests", "tools"),
}


@pytest.fixture
def repository(tmp_path):
    """A repository with a tracked, a new and an ignored file."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for name, text in (("roles/a.yml", "a"), ("roles/new.yml", "n"), ("docs/a.md", "d"), (".gitignore", "*.pyc\n")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "roles/a.pyc").write_text("compiled")
    subprocess.run(["git", "add", "roles/a.yml", "docs", ".gitignore"], cwd=tmp_path, check=True)
    return tmp_path


def test_tracked_and_new_files_count_and_ignored_ones_and_others_do_not(repository):
    assert set(disks.digests(repository, ("roles",))) == {"roles/a.yml", "roles/new.yml"}


@pytest.mark.parametrize("change", ["content", "mode", "removed"])
def test_every_change_of_a_file_changes_the_digests(repository, change):
    before = disks.digests(repository, ("roles",))
    path = repository / "roles/a.yml"
    match change:
        case "content":
            path.write_text("b")
        case "mode":
            path.chmod(0o755)
        case "removed":
            path.unlink()
    assert disks.digests(repository, ("roles",)) != before


def test_a_name_follows_the_shape(monkeypatch):
    monkeypatch.setattr(disks.image, "recipe", lambda: {"suite": "trixie"})
    three, four = (disks.name_of("serving", {"hosts": number}) for number in (3, 4))
    assert three != four
    monkeypatch.setattr(disks.image, "recipe", lambda: {"suite": "forky"})
    assert disks.name_of("serving", {"hosts": 3}) != three


def test_all_that_a_run_reads_is_in_the_name():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=disks.REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert {name.split("/")[0] for name in listed} - NOT_MADE_OF == set(disks.MADE_OF)


def test_each_role_has_a_scenario():
    scenarios = {path.parent.name for path in Path("molecule").glob("*/molecule.yml")}
    roles = {path.parent.parent.name for path in Path("roles").glob("*/tasks/main.yml")} - {"preflight"}
    assert scenarios - {"default"} == roles == set(disks.ROLES)


@pytest.mark.parametrize(
    ("kept", "boot", "missing"),
    [
        ((), ["2"], ("docker", "firewall", "swarm", "registry")),
        (("docker",), ["--from", "docker-"], ("firewall", "swarm", "registry")),
        (("docker", "registry", "image"), ["--from", "registry-"], ()),
    ],
)
def test_scenario_begins_on_the_nearest_golden_disk(kept, boot, missing, monkeypatch):
    monkeypatch.setattr(disks, "name_of", lambda kind, _shape: f"{kind}-")
    monkeypatch.setattr(disks.golden, "exists", lambda name: name.removesuffix("-") in kept)
    assert disks.start("image") == {"boot": boot, "missing": missing, "keep": "registry-"}


def test_scenarios_of_bare_hosts_keep_nothing():
    assert disks.start("docker") == {"boot": ["2"], "missing": (), "keep": ""}
    assert disks.start("default") == {"boot": ["3"], "missing": [], "keep": ""}
