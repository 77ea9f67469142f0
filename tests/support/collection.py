"""The collection as its users have it: built, and installed apart from this repository."""

import os
from collections.abc import Mapping
from pathlib import Path

from tests.support.runs import BIN, ENVIRONMENT, REPOSITORY, run


def build(folder: Path) -> Path:
    """Build the collection of the working tree and return its tarball."""
    run(BIN / "ansible-galaxy", "collection", "build", REPOSITORY, "--output-path", folder).succeeded()
    (tarball,) = folder.glob("*.tar.gz")
    return tarball


def install(tarball: Path, folder: Path) -> Mapping[str, str]:
    """Install a tarball into a folder, and return the environment of a user who has it there.

    What it depends on is in the package ansible of the environment already; nothing is fetched.
    """
    words = ("collection", "install", tarball, "--collections-path", folder, "--offline")
    run(BIN / "ansible-galaxy", *words, folder=tarball.parent).succeeded()
    own = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("ANSIBLE_")}
    return {**own, "ANSIBLE_COLLECTIONS_PATH": os.fspath(folder), "ANSIBLE_NOCOLOR": "1"}
