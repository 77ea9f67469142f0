"""Golden disks of fleets in some state, each named by everything that made it: made once, then only booted.

`python -m tests.site.golden_disks SCENARIO` prints as JSON how a scenario of molecule gets its hosts, see `start`.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from fleet import golden, image

REPOSITORY = Path(__file__).parents[2]
# Everything that decides what a run leaves on bare hosts. The base image's recipe comes beside it.
MADE_OF = (
    *("site.yml", "ansible.cfg", "galaxy.yml", "uv.lock", ".config", "app", "fleet", "inventory", "meta", "molecule"),
    *("playbooks", "plugins", "roles"),
)

# Each has a scenario of molecule, which begins on what the roles before it leave.
ROLES = ("docker", "firewall", "swarm", "registry", "image", "stack", "backup")
HOSTS = 2


def start(scenario: str) -> Mapping[str, object]:
    """Say how a scenario gets its hosts: from the golden disk that is nearest to its starting state.

    :return: ``boot``, what `fleet up` is told; ``missing``, the roles that must bring the hosts to that state first;
        ``keep``, the name of the golden disk that the state is then kept as, "" where hosts begin bare
    """
    if scenario not in ROLES:
        return {"boot": ["3"], "missing": [], "keep": ""}
    before = ROLES[: ROLES.index(scenario)]
    names = [name_of(role, {"hosts": HOSTS}) for role in before]
    done = max((number for number, name in enumerate(names, 1) if golden.exists(name)), default=0)
    return {
        "boot": ["--from", names[done - 1]] if done else [str(HOSTS)],
        "missing": before[done:],
        "keep": names[-1] if names else "",
    }


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


if __name__ == "__main__":
    print(json.dumps(start(sys.argv[1])))
