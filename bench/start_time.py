"""Tell how long a task of the web service takes from its start until it is healthy, beside a naive image's.

The naive one finds no compiled code, and is watched by a Python process every 5 s; both are deployed, one after the
other, on a fleet that serves: python bench/start_time.py $(python -m fleet inventory)
"""

import json
import statistics
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import yaml
from converged_run import ssh_commands

REPOSITORY = Path(__file__).parents[1]
PROBE = "import urllib.request; urllib.request.urlopen('http://127.0.0.1/healthz')"
NAIVE = {
    # Compiled code is looked for there alone, and cannot be written there.
    "environment": {"PYTHONPYCACHEPREFIX": "/nowhere"},
    "healthcheck": {"test": ["CMD", "python3", "-c", PROBE], "interval": "5s", "start_interval": "5s"},
}


def inspect(login, find):
    """Inspect what a docker command finds on a host."""
    command = f"{login} 'sudo docker {find} | xargs --no-run-if-empty sudo docker inspect'"
    done = subprocess.run(command, shell=True, check=True, capture_output=True, text=True)
    return json.loads(done.stdout or "[]")


def start_times(inventory):
    """Seconds between when the engines started tasks and when the swarm saw them run, which waits for their health."""
    logins = [command.removesuffix(" sudo docker info") for command in ssh_commands(inventory)]
    tasks = inspect(logins[0], "service ps --quiet --filter desired-state=running hello_web")
    healthy = {task["Status"]["ContainerStatus"]["ContainerID"]: task["Status"]["Timestamp"] for task in tasks}
    seconds = []
    for login in logins:
        for container in inspect(login, "ps --quiet --filter name=hello_web"):
            if container["Id"] in healthy:
                start, end = container["State"]["StartedAt"], healthy[container["Id"]]
                seconds.append((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())
    return seconds


def deploy(inventory, change, greeting):
    """Deploy the stack with a change to its service web, which replaces every task."""
    content = yaml.safe_load((REPOSITORY / "app/stack.yml").read_text())
    for key, values in change.items():
        content["services"]["web"].setdefault(key, {}).update(values)
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        yaml.safe_dump(content, file)
        file.flush()
        options = ["-e", f"stack_file={file.name}", "-e", json.dumps({"stack_environment": {"NAME": greeting}})]
        command = ["ansible-playbook", "-i", inventory, "playbooks/deploy.yml", *options]
        subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)


def main():
    """Deploy both, print the figures of both, and go back to what ran before."""
    inventory = Path(sys.argv[1]).absolute()
    medians = []
    for name, change in (("naive", NAIVE), ("ours", {})):
        deploy(inventory, change, name)
        seconds = start_times(inventory)
        medians.append(statistics.median(seconds))
        print(f"{name}: {len(seconds)} tasks, from start to healthy: median {medians[-1]:.1f} s,", end=" ")
        print(f"{min(seconds):.1f} to {max(seconds):.1f} s")
    print(f"ratio: {medians[0] / medians[1]:.1f}")
    deploy(inventory, {}, "World")


if __name__ == "__main__":
    main()
