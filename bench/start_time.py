"""Tell how long a task of the web service takes from its start until it is healthy, beside two others.

The naive one finds no compiled code, and is watched by a Python process every 5 s. The bare one is `bare.py`, which
imports flask and redis and does nothing else, with the same packages, server, limits and probe as the app. All are
deployed on a fleet that serves, bare and ours in turn: python -m bench.start_time demo
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from . import stack
from .hosts import REPOSITORY, Hosts
from .job import Command

PAIRS = 2
SERVICE = f"{stack.NAME}_{stack.WEB}"
PROBE = "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8009/healthz')"
NAIVE = {
    # Compiled code is searched there alone, and cannot be written there.
    "environment": {"PYTHONPYCACHEPREFIX": "/nowhere"},
    "healthcheck": {"test": ["CMD", "python3", "-c", PROBE], "interval": "5s", "start_interval": "5s"},
}
BARE = {
    # In the place of the app, so served as it is.
    "configs": [{"source": "bare", "target": "/app/hello/__init__.py", "mode": 0o444}],
}


def inspect(hosts: Hosts, address: str, find: str) -> list[dict[str, Any]]:
    """Inspect what a docker command finds on a host."""
    command = hosts.ssh(address, f"sudo docker {find} | xargs --no-run-if-empty sudo docker inspect")
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    return found


def start_times(hosts: Hosts) -> list[float]:
    """Seconds between when the engines started tasks and when the swarm saw them run, which waits for their health."""
    tasks = inspect(hosts, hosts.addresses[0], f"service ps --quiet --filter desired-state=running {SERVICE}")
    healthy = {task["Status"]["ContainerStatus"]["ContainerID"]: task["Status"]["Timestamp"] for task in tasks}
    seconds = []
    for address in hosts.addresses:
        for container in inspect(hosts, address, f"ps --quiet --filter name={SERVICE}"):
            if container["Id"] in healthy:
                start, end = container["State"]["StartedAt"], healthy[container["Id"]]
                seconds.append((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())
    return seconds


def deploy(inventory: Path, change: dict[str, Any], greeting: str) -> None:
    """Deploy the stack with a change to its service web, which replaces every task."""
    content: dict[str, Any] = {"services": {stack.WEB: change}}
    if change is BARE:
        content["configs"] = {"bare": {"file": str(REPOSITORY / "bench/bare.py")}}
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        yaml.safe_dump(content, file)
        file.flush()
        option = stack.option(files=[*stack.ENTRY["files"], file.name], environment={"NAME": greeting})
        command: Command = ["ansible-playbook", "-i", inventory, "playbooks/deploy.yml", "-e", option]
        subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Find the fleet's hosts and compare on them."""
    with tempfile.TemporaryDirectory() as work:
        compare(Hosts.find(sys.argv[1], Path(work)))


def compare(hosts: Hosts) -> None:
    """Deploy all, print their figures, and go back to what ran before."""
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for number, (name, change) in enumerate([("naive", NAIVE), *[("bare", BARE), ("ours", {})] * PAIRS]):
        deploy(hosts.inventory, change, f"{name} {number}")
        seconds[name] += start_times(hosts)
    medians = {name: statistics.median(figures) for name, figures in seconds.items()}
    for name, figures in seconds.items():
        print(f"{name}: {len(figures)} tasks, from start to healthy: median {medians[name]:.1f} s,", end=" ")
        print(f"{min(figures):.1f} to {max(figures):.1f} s")
    print(f"naive takes {medians['naive'] / medians['ours']:.1f} times as long as ours,", end=" ")
    print(f"ours {medians['ours'] / medians['bare']:.2f} times as long as bare")
    deploy(hosts.inventory, {}, "World")


if __name__ == "__main__":
    main()
