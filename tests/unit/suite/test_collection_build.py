"""What is in the collection that users install."""

import re
import tarfile
from pathlib import Path

import pytest
import yaml

from tests.support import collection

GALAXY = yaml.safe_load(Path("galaxy.yml").read_text())


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    with tarfile.open(collection.build(tmp_path_factory.mktemp("built"))) as tarball:
        return [member.name for member in tarball if member.isfile()]


def test_it_has_what_a_run_needs_and_nothing_of_a_checkout(names):
    assert {name.split("/")[0] for name in names} == {
        *("app", "docs", "meta", "playbooks", "plugins", "roles"),
        *("CHANGELOG.md", "CONTRIBUTING.md", "FILES.json", "LICENSE", "MANIFEST.json", "README.md"),
    }
    # Without these the app's image would be another one than from a checkout.
    assert {"app/.dockerignore", "app/stack.yml", "app/hello/pages.py"} <= set(names)
    assert [name for name in names if "__pycache__" in name or name.startswith("app/tests")] == []


def test_collections_that_are_used_are_its_dependencies():
    files = [path for folder in ("roles", "playbooks", "plugins") for path in Path(folder).rglob("*.yml")]
    used = {match for path in files for match in re.findall(r"\b(community\.\w+)\.\w+:", path.read_text())}
    assert used == set(GALAXY["dependencies"])
