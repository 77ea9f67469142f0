"""What the shipped stack says to whoever visits its page: the tests, `make demo`, molecule's check and bench/.

`python bench/stack.py` prints it as JSON, `python bench/stack.py port` one value of it.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[1]
FILE = REPOSITORY / "app/stack.yml"
DEFAULTS = REPOSITORY / "roles/stack/defaults/main.yml"


def published(port: str | int | dict[str, Any]) -> int | None:
    """Return the port of the hosts that an entry of ``ports`` publishes, in its short or its long form."""
    if isinstance(port, dict):
        outer = port.get("published")
    else:
        *_address, outer, _inner = [None, *str(port).split("/")[0].split(":")]
    return int(outer) if outer else None


SERVICES: dict[str, Any] = yaml.safe_load(FILE.read_text())["services"]
# Its entry of `stacks`.
((NAME, ENTRY),) = yaml.safe_load(DEFAULTS.read_text())["stacks"].items()
# The page's service, and its port.
WEB, PORT = next(
    (name, port) for name, each in SERVICES.items() for port in map(published, each.get("ports", [])) if port
)


def sizes(hosts: int = 1) -> dict[str, int]:
    """Return the number of tasks by service.

    :param hosts: of the swarm, each of which has a task of a global service
    """
    deploy = {name: each.get("deploy") or {} for name, each in SERVICES.items()}
    return {name: hosts if each.get("mode") == "global" else each.get("replicas", 1) for name, each in deploy.items()}


REPLICAS = sizes()[WEB]


def option(file: Path | str = FILE, **changes: Any) -> str:
    """Return the option of `ansible-playbook -e` that deploys the shipped stack with changes to its entry.

    :param changes: of a mapping, entries that are replaced or added
    """
    merged = {
        key: {**ENTRY.get(key, {}), **value} if isinstance(value, dict) else value for key, value in changes.items()
    }
    return json.dumps({"stacks": {NAME: {**ENTRY, "file": str(file), **merged}}})


if __name__ == "__main__":
    told = {"name": NAME, "web": WEB, "port": PORT, "replicas": REPLICAS, "sizes": sizes()}
    print(told[sys.argv[1]] if sys.argv[1:] else json.dumps(told))
