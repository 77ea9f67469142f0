"""What is measured: flotilla, and the baselines that it is compared with.

*Raw* is a shell script, *conventional* a playbook of stock modules; both lie in this folder. The raw probe is the least
that any tool must do to see a swarm.
"""

import json
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import stack, steps
from .hosts import ENVIRONMENT, REPOSITORY, Hosts
from .job import BenchError, Command, Job, run

BENCH = REPOSITORY / "bench"
# Workers refuse the questions about nodes and services, as they are no managers; that is their answer.
PROBE = "sudo sh -c 'docker info && { docker node ls; docker service ls; true; }'"
OBSERVE = "playbooks/phases/observe.yml"
CHANGED = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", re.MULTILINE)

Sampler = Callable[[int], None]


def probe(hosts: Hosts) -> float:
    """Ask all hosts at once, each over a connection of its own, and return the seconds until the last answer."""

    def ask(address: str) -> None:
        subprocess.run(hosts.ssh(address, PROBE), check=True, capture_output=True)

    start = time.monotonic()
    with ThreadPoolExecutor(len(hosts.addresses)) as pool:
        list(pool.map(ask, hosts.addresses))
    return time.monotonic() - start


def observe(hosts: Hosts) -> Job:
    """Let flotilla observe all hosts and plan, and nothing else."""
    return run(["ansible-playbook", "-i", hosts.inventory, OBSERVE], REPOSITORY, ENVIRONMENT)


def ansible_alone(hosts: Hosts) -> float:
    """Let Ansible ask all hosts for nothing, and return its seconds."""
    return run(["ansible-playbook", "-i", hosts.inventory, BENCH / "nothing.yml"], REPOSITORY, ENVIRONMENT).seconds


@dataclass(frozen=True)
class Contender:
    """A way from bare hosts to the serving stack.

    :param name: in tables
    :param converge: runs it; a sampler follows its processes
    :param step: matches the lines that begin its steps
    """

    name: str
    converge: Callable[[Hosts, Sampler | None], Job]
    step: re.Pattern[str]


def flotilla(hosts: Hosts, sample: Sampler | None = None) -> Job:
    """Run site.yml as a user does."""
    return run(["ansible-playbook", "-i", hosts.inventory, "site.yml"], REPOSITORY, ENVIRONMENT, sample)


def conventional(hosts: Hosts, sample: Sampler | None = None) -> Job:
    """Run the playbook of stock modules, with Ansible's defaults."""
    vault = hosts.ssh_config.with_name("passwords.json")
    if not vault.exists():
        vault.touch(mode=0o600)
        vault.write_text(json.dumps({f"{name}_password": secrets.token_hex(16) for name in ("registry", "redis")}))
    variables = ["-e", f"@{vault}", "-e", f"stack_port={stack.PORT}"]
    command: Command = ["ansible-playbook", "-i", hosts.inventory, "site.yml", *variables]
    return run(command, BENCH / "conventional", ENVIRONMENT, sample)


def raw(hosts: Hosts, sample: Sampler | None = None) -> Job:
    """Run the shell script."""
    cache = Path(ENVIRONMENT.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    wheels, port = cache / "flotilla-bench/wheels", str(stack.PORT)
    command: Command = [BENCH / "raw.sh", hosts.ssh_config, wheels, port, *hosts.addresses]
    return run(command, REPOSITORY, ENVIRONMENT, sample)


FLOTILLA = Contender("flotilla", flotilla, steps.PLAYS)
RAW = Contender("raw", raw, steps.RAW)
CONVENTIONAL = Contender("conventional", conventional, steps.PLAYS)


def changed_tasks(output: str) -> dict[str, int]:
    """Return the number of changed tasks by host, as a playbook's recap tells it."""
    return {host: int(number) for host, number in CHANGED.findall(output)}


class ChangedError(BenchError):
    """A run changed something where nothing was left to do.

    :ivar tasks: how many tasks changed something
    """

    def __init__(self, message: str, tasks: int) -> None:
        """Keep the number beside the message."""
        super().__init__(message)
        self.tasks = tasks


def run_again(contender: Contender, hosts: Hosts, sample: Sampler | None = None) -> Job:
    """Run a contender on hosts where nothing is left to do.

    :raise ChangedError: it changed something
    :raise BenchError: it had no host
    """
    job = contender.converge(hosts, sample)
    changed = changed_tasks(job.output)
    if not changed:
        raise BenchError(f"the second run of {contender.name} had no host:\n{job.output}")
    if any(changed.values()):
        message = f"the second run of {contender.name} changed something ({changed}):\n{job.output}"
        raise ChangedError(message, sum(changed.values()))
    return job


def converge_bare(contender: Contender, hosts: Hosts) -> tuple[Job, float]:
    """Bring bare hosts to the serving stack.

    :return: the job, and the seconds from its start until every replica of the page had answered a visitor
    """
    url = f"http://{hosts.addresses[0]}:{stack.PORT}/"
    command = hosts.inside(sys.executable, "-m", "bench.serving", url, str(stack.REPLICAS))
    watcher = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    try:
        job = contender.converge(hosts, None)
        # The job has said that the page is served.
        moment, _ = watcher.communicate(timeout=120)
        if watcher.returncode:
            raise BenchError(f"{url} could not be asked from the hosts' network")
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{contender.name} is done, but {url} is not served by {stack.REPLICAS} replicas") from error
    finally:
        watcher.kill()
        watcher.wait()
    return job, float(moment) - job.start
