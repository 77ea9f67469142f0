"""The test hosts that are measured on, and the ways to them."""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from .job import BenchError, Command, cpu_of

REPOSITORY = Path(__file__).parents[1]
# Commands of Ansible and Python are those of this environment. Ansible is set by its files alone, but for two
# things that make it tell each task's name when the task begins.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
    "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "true",
    "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
}


def ssh_config_text(connection: dict[str, str]) -> str:
    """Return the content of an ssh configuration that reaches the hosts.

    :param connection: the fleet's connection.yml: user, key and ssh arguments, all of which are ``-o NAME=VALUE``
    """
    words = shlex.split(connection["ansible_ssh_common_args"])
    user, key = connection["ansible_user"], connection["ansible_ssh_private_key_file"]
    options = [f"User={user}", f"IdentityFile={key}", *(word for word in words if word != "-o")]
    return "".join(f"{option}\n" for option in options)


@dataclass(frozen=True)
class Hosts:
    """A fleet of test hosts.

    :param name: of the fleet
    :param inventory: folder of its inventory
    :param ssh_config: file through which ssh reaches the hosts
    :param connections: folder where Ansible keeps its open connections to them
    :param addresses: of the hosts, the manager's first
    """

    name: str
    inventory: Path
    ssh_config: Path
    connections: Path
    addresses: tuple[str, ...]

    @classmethod
    def find(cls, name: str, work: Path) -> "Hosts":
        """Find the hosts of a fleet that is up.

        :param work: folder where a file about them is written
        """
        inventory = Path(fleet("inventory", "--name", name).strip())
        connection = yaml.safe_load((inventory / "group_vars/all/connection.yml").read_text())
        groups = yaml.safe_load((inventory / "hosts.yml").read_text())["swarm"]["children"]
        addresses = [host["ansible_host"] for group in groups.values() for host in group["hosts"].values()]
        config = work / "ssh_config"
        config.write_text(ssh_config_text(connection))
        return cls(name, inventory, config, Path(connection["ansible_control_path_dir"]), tuple(addresses))

    def ssh(self, address: str, command: str) -> Command:
        """Return the command that runs a shell command on a host over a connection of its own."""
        return ["ssh", "-F", self.ssh_config, address, command]

    def ask(self, command: str) -> str:
        """Run a shell command on the manager and return what it printed."""
        done = subprocess.run(self.ssh(self.addresses[0], command), check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def inside(self, *command: str | Path) -> Command:
        """Return the command that runs another one of this machine in the hosts' network."""
        return [sys.executable, "-m", "fleet", "exec", "--name", self.name, "--", *command]

    def close_connections(self) -> float:
        """End the connections that Ansible keeps open, which outlive its runs.

        :return: seconds of CPU that they have used
        """
        cpu = 0.0
        for socket in self.connections.glob("*"):
            words: list[str | Path] = ["ssh", "-F", self.ssh_config, "-o", f"ControlPath={socket}", "any", "-O"]
            check = subprocess.run([*words, "check"], capture_output=True, text=True, check=False)
            if match := re.search(r"pid=(\d+)", check.stderr):
                cpu += cpu_of(int(match[1]))
                subprocess.run([*words, "exit"], capture_output=True, check=False)
        return cpu


def fleet(*words: str) -> str:
    """Run a command of the fleet and return what it printed.

    :raise BenchError: it failed
    """
    command = [sys.executable, "-m", "fleet", *words]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"fleet {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
