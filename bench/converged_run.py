"""Time a run on a site where nothing is to be done, as a ratio to one bare question to the same hosts.

The baseline is `docker info` over ssh on all hosts at once, the least that any tool must do to see a swarm.

    python bench/converged_run.py $(python -m fleet inventory)
"""

import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

ROUNDS = 5


def ssh_commands(inventory):
    """Build the ssh command of each host from a fleet's inventory."""
    connection = yaml.safe_load((inventory / "group_vars/all/connection.yml").read_text())
    groups = yaml.safe_load((inventory / "hosts.yml").read_text())["swarm"]["children"].values()
    hosts = [entry["ansible_host"] for group in groups for entry in group["hosts"].values()]
    login = f"-i {connection['ansible_ssh_private_key_file']} {connection['ansible_ssh_common_args']}"
    return [f"ssh {login} {connection['ansible_user']}@{host} sudo docker info" for host in hosts]


def seconds(action):
    """Run an action and return the seconds it took."""
    start = time.monotonic()
    action()
    return time.monotonic() - start


def main():
    """Measure both in turn, so that both see the same machine, and print medians and ratio."""
    inventory = Path(sys.argv[1])
    commands = ssh_commands(inventory)
    playbook = ["ansible-playbook", "--inventory", inventory, "site.yml"]

    def ask(command):
        subprocess.run(command, shell=True, check=True, capture_output=True)

    def ask_all():
        with ThreadPoolExecutor(len(commands)) as pool:
            list(pool.map(ask, commands))

    def play():
        output = subprocess.run(playbook, check=True, capture_output=True, text=True).stdout
        assert "nothing to do" in output, output

    play()
    pairs = [(seconds(ask_all), seconds(play)) for _ in range(ROUNDS)]
    baseline, run = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{len(commands)} hosts, median of {ROUNDS}: `docker info` on all {baseline:.2f} s,", end=" ")
    print(f"converged run {run:.2f} s, ratio {run / baseline:.1f}")


if __name__ == "__main__":
    main()
