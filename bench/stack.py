"""What the shipped stack says to whoever visits its page: the tests, `make demo`, molecule's check and bench/.

`python bench/stack.py` prints it as JSON, `python bench/stack.py port` one value of it, and `file` what
`docker stack deploy` takes, for the baselines.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[1]
FOLDER = REPOSITORY / "app"
DEFAULTS = REPOSITORY / "roles/stack/defaults/main.yml"
# Its entry of `stacks`.
((NAME, ENTRY),) = yaml.safe_load(DEFAULTS.read_text())["stacks"].items()


def resolve() -> dict[str, Any]:
    """Return the services as Compose understands them."""
    files = [f"--file={FOLDER / file}" for file in ENTRY["files"]]
    command = ["docker-compose", f"--project-name={NAME}", *files, "config", "--format=json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    services: dict[str, Any] = json.loads(done.stdout)["services"]
    return services


SERVICES = resolve()
# The page's service, and its port.
WEB, PORT = next((name, int(port["published"])) for name, each in SERVICES.items() for port in each.get("ports", ()))


def sizes(hosts: int = 1) -> dict[str, int]:
    """Return the number of tasks by service.

    :param hosts: of the swarm, each of which has a task of a global service
    """
    deploy = {name: each.get("deploy") or {} for name, each in SERVICES.items()}
    return {name: hosts if each.get("mode") == "global" else each.get("replicas", 1) for name, each in deploy.items()}


REPLICAS = sizes()[WEB]


def option(folder: Path | str = FOLDER, **changes: Any) -> str:
    """Return the option of `ansible-playbook -e` that deploys the shipped stack with changes to its entry.

    :param folder: of its files
    :param changes: of a mapping, entries that are replaced or added
    """
    merged = {
        key: {**ENTRY.get(key, {}), **value} if isinstance(value, dict) else value for key, value in changes.items()
    }
    return json.dumps({"stacks": {NAME: {**ENTRY, "path": str(folder), **merged}}})


def stack_file() -> str:
    """Return the stack file, with variables for what the swarm names: images and secrets."""
    sys.path.insert(0, str(REPOSITORY / "collections"))
    from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge import stack_entries

    entry = {**ENTRY, "path": str(FOLDER)}
    return str(stack_entries.read_entry(NAME, entry, str(REPOSITORY), stack_entries.RunRequest())["text"])


if __name__ == "__main__":
    told = {"name": NAME, "web": WEB, "port": PORT, "replicas": REPLICAS, "sizes": sizes(), "file": stack_file()}
    print(told[sys.argv[1]] if sys.argv[1:] else json.dumps(told))
