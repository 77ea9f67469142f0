"""Tell how long each running task of the web service took from its start until it was healthy.

python bench/start_time.py $(python -m fleet inventory)
"""

import json
import statistics
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from converged_run import ssh_commands


def inspect(login, find):
    """Inspect what a docker command finds on a host."""
    command = f"{login} 'sudo docker {find} | xargs --no-run-if-empty sudo docker inspect'"
    done = subprocess.run(command, shell=True, check=True, capture_output=True, text=True)
    return json.loads(done.stdout or "[]")


def main():
    """Compare when the swarm saw tasks run, which waits for their health, with when the engines started them."""
    logins = [command.removesuffix(" sudo docker info") for command in ssh_commands(Path(sys.argv[1]))]
    tasks = inspect(logins[0], "service ps --quiet --filter desired-state=running hello_web")
    healthy = {task["Status"]["ContainerStatus"]["ContainerID"]: task["Status"]["Timestamp"] for task in tasks}
    seconds = []
    for login in logins:
        for container in inspect(login, "ps --quiet --filter name=hello_web"):
            if container["Id"] in healthy:
                start, end = container["State"]["StartedAt"], healthy[container["Id"]]
                seconds.append((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())
    print(f"{len(seconds)} tasks, from start to healthy: median {statistics.median(seconds):.1f} s,", end=" ")
    print(f"{min(seconds):.1f} to {max(seconds):.1f} s")


if __name__ == "__main__":
    main()
