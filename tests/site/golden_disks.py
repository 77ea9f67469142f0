"""Golden disks of fleets that serve, each named by everything that made it: made once, then only booted."""

import hashlib
import subprocess
from pathlib import Path

from fleet import golden, image

REPOSITORY = Path(__file__).parents[2]
# Everything that decides what a run leaves on bare hosts. The base image's recipe comes beside it.
MADE_OF = (
    *("site.yml", "ansible.cfg", "galaxy.yml", "uv.lock", "app", "fleet", "inventory", "meta", "molecule"),
    *("playbooks", "plugins", "roles"),
)


def name_of(kind: str, shape: dict[str, object]) -> str:
    """Return the name of the golden disk that the working tree makes.

    :param kind: what it is for, such as "serving"
    :param shape: what else decides what is on it: numbers of hosts, settings of the inventory
    """
    return golden.name_of(kind, {"shape": shape, "image": image.recipe(), "files": digests(REPOSITORY, MADE_OF)})


def digests(repository: Path, paths: tuple[str, ...]) -> dict[str, str]:
    """Return the digest of mode and content of each file, tracked or new, by its path."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths]
    listed = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout
    files = [name for name in sorted({*listed.split("\0")} - {""}) if (repository / name).is_file()]
    return {name: digest_of(repository / name) for name in files}


def digest_of(path: Path) -> str:
    """Return the digest of whether a file can be executed, and of its content."""
    return hashlib.sha256(bytes([path.stat().st_mode & 0o100]) + path.read_bytes()).hexdigest()
