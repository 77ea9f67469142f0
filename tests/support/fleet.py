"""A fleet as its user has it: hosts, an inventory, playbooks to run and a page to visit."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from bench import stack
from tests.support.runs import ENVIRONMENT, REPOSITORY, Run, playbook, run
from tests.support.wait import wait_until


class Begun:
    """A run that is under way, and leads a process group of its own."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process, self.log, self.pid = process, log, process.pid

    def output(self) -> str:
        """Return what it printed until now."""
        return self.log.read_text()

    def task(self) -> str:
        """Return the task that it had come to."""
        found: list[str] = re.findall(r"^TASK \[(.*)\]", self.output(), re.MULTILINE)
        return found[-1] if found else "nothing yet"

    def wait_for(self, text: str, seconds: float = 600) -> None:
        """Wait until it has printed a text."""

        def printed() -> bool:
            ended = self.process.poll() is not None
            assert text in self.output() or not ended, self.output()
            return text in self.output()

        wait_until(printed, seconds, pause=0.1)

    def wait(self, seconds: float) -> Run:
        """Wait for its end."""
        return Run(self.process.wait(seconds), self.output())

    def interrupt(self, seconds: float, number: signal.Signals) -> None:
        """Signal it after some seconds, unless it is done before, and print which it was."""
        try:
            self.wait(seconds)
            print(f"was done before {seconds:.0f} s")
        except subprocess.TimeoutExpired:
            self.signal(number)
            self.wait(120)
            print(f"interrupted after {seconds:.0f} s in {self.task()}")

    def signal(self, number: signal.Signals) -> None:
        """Signal its process group; nothing where it has ended."""
        if self.process.poll() is None:
            os.killpg(self.pid, number)
        if number == signal.SIGKILL:
            self.process.wait()


class Fleet:
    """A fleet of test hosts and the inventory that a user would edit."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.inventory = Path(self.command("inventory").strip())

    def command(self, *words: str, check: bool = True) -> str:
        """Run a command of the fleet and return what it printed."""
        verb, *rest = words
        done = subprocess.run(
            [sys.executable, "-m", "fleet", verb, "--name", self.name, *rest],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        # Shown beside the test that fails: why an answer is missing.
        print(done.stderr, end="")
        return done.stdout

    def on(self, host: str, command: str, check: bool = True) -> str:
        """Run a shell command as root on a host."""
        return self.command("ssh", host, f"sudo sh -c {quote(command)}", check=check)

    def play(
        self,
        *words: str,
        playbook: str | Sequence[str] = "site.yml",
        clone: Path = REPOSITORY,
        verbose: bool = False,
        prefix: Sequence[str] = (),
    ) -> Run:
        """Run a playbook, or a tuple of them, against the fleet, from a clone of the repository."""
        names = (playbook,) if isinstance(playbook, str) else playbook
        return run(*prefix, *self.playbook(*names), *words, *(["-vvv"] if verbose else []), folder=clone)

    def playbook(self, *names: str) -> Sequence[str | Path]:
        """Return the command that runs playbooks against it."""
        return playbook(self.inventory, *names)

    @contextlib.contextmanager
    def begin(self, log: Path, *words: str, playbook: str = "site.yml") -> Iterator[Begun]:
        """Begin a run of a playbook; whatever is left of it ends with the context."""
        with log.open("w") as stream:
            process = subprocess.Popen(
                [*self.playbook(playbook), *words],
                cwd=REPOSITORY,
                # Who waits for a task needs its name, also where nothing changes, and when it begins: where skipped
                # hosts are not shown, a task is named with its first result.
                env={
                    **ENVIRONMENT,
                    "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
                    "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "true",
                },
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield Begun(process, log)
        finally:
            process.kill()
            process.wait()
            print(log.read_text())

    @property
    def addresses(self) -> dict[str, str]:
        """Address by inventory name, as the inventory has them."""
        return {name: entry["ansible_host"] for hosts in self._groups.values() for name, entry in hosts.items()}

    @property
    def managers(self) -> list[str]:
        """The managers of the inventory."""
        return [*self._groups["managers"]]

    @property
    def _groups(self) -> dict[str, dict[str, dict[str, str]]]:
        """Hosts by group of the swarm."""
        groups = yaml.safe_load((self.inventory / "hosts.yml").read_text())["swarm"]["children"]
        return {name: group.get("hosts") or {} for name, group in groups.items()}

    @property
    def manager(self) -> str:
        """The first manager of the inventory."""
        return next(iter(self.addresses))

    def page(self, address: str, path: str = "/", timeout: int = 30, port: int = stack.PORT) -> str:
        """Visit a page from the fleet's network, as another machine there would.

        :param timeout: seconds; long, as hosts that share a busy machine may answer late
        :return: its text, ``""`` when it does not answer in time
        """
        url = f"http://{address}:{port}{path}"
        limits = ["--connect-timeout", "10", "--max-time", str(timeout)]
        return self.command("exec", "--", "curl", "-fsS", *limits, url, check=False)

    def pages(self, port: int = stack.PORT) -> list[str]:
        """Visit the page through each node."""
        return [self.page(address, port=port) for address in self.addresses.values()]

    def reconnect(self, host: str) -> None:
        """Plug a host's cable in again, and wait until it answers."""
        self.command("plug", host)
        wait_until(lambda: self.on(host, "echo here", check=False), 120)

    def await_serving(self) -> None:
        """Wait until a fleet that was booted serves as before: through every node all replicas answer."""
        wait_until(lambda: self._is_whole() and self._all_replicas_answer(), 300)

    def _is_whole(self) -> bool:
        listed = self.on(self.manager, "docker service ls --format '{{.Replicas}}'", check=False).split()
        return bool(listed) and all(running == size for running, size in (each.split("/") for each in listed))

    def _all_replicas_answer(self) -> bool:
        visits = {address: [self.page(address) for _ in range(stack.REPLICAS)] for address in self.addresses.values()}
        return all(all(pages) and len({*map(replica, pages)}) == stack.REPLICAS for pages in visits.values())

    def services(self) -> dict[str, str]:
        """Running tasks and size by service, such as ``{"web": "5/5"}``, once those told to stop have stopped."""

        def stopped() -> list[dict[str, str]]:
            lines = self.on(self.manager, "docker service ls --format '{{.Name}} {{.Replicas}}'").splitlines()
            found = {name.removeprefix(f"{stack.NAME}_"): size for name, size, *_more in map(str.split, lines)}
            sizes = (size.split("/") for size in found.values())
            return [found] if all(int(running) <= int(size) for running, size in sizes) else []

        return wait_until(stopped, 60)[0]

    def assert_serving(self, **sizes: int) -> None:
        """Expect that each service of the stack file has all its tasks, and that there is no other.

        :param sizes: of services beside these, or other sizes than the file's
        """
        expected = {**stack.sizes(len(self.addresses)), **sizes}
        assert self.services() == {name: f"{size}/{size}" for name, size in expected.items()}

    def engine_starts(self, *hosts: str) -> list[str]:
        """When the engines of hosts were started, as systemd tells it."""
        return [self.on(host, "systemctl show --property=ActiveEnterTimestamp docker") for host in hosts]

    def scale(self, service: str, size: int) -> None:
        """Change the size of a service behind flotilla's back."""
        self.on(self.manager, f"docker service scale --detach {stack.NAME}_{service}={size}")

    def tasks(self, service: str) -> list[list[str]]:
        """Node and state of each task of a service that is to run, such as ``["worker-1", "Running"]``."""
        told = "docker service ps --filter desired-state=running --format '{{.Node}} {{.CurrentState}}'"
        return [line.split()[:2] for line in self.on(self.manager, f"{told} {stack.NAME}_{service}").splitlines()]

    def nodes_of(self, service: str) -> list[str]:
        """Nodes of the tasks of a service."""
        return [node for node, _state in self.tasks(service)]

    def containers(self, host: str, service: str) -> list[str]:
        """Containers that run a service on a host."""
        label = f"label=com.docker.swarm.service.name={stack.NAME}_{service}"
        return self.on(host, f"docker ps --quiet --no-trunc --filter {label}").split()

    def inspect(self, host: str, service: str, template: str) -> str:
        """Ask a host for a part of a service, by a template of Go."""
        return self.on(host, f"docker service inspect --format '{template}' {stack.NAME}_{service}").strip()

    def image_of(self, service: str) -> str:
        """Return the image that a service is told to run."""
        return self.inspect(self.manager, service, "{{.Spec.TaskTemplate.ContainerSpec.Image}}")

    def edit_hosts(self, **groups: object) -> None:
        """Replace groups of hosts.yml, as a user would edit it."""
        path = self.inventory / "hosts.yml"
        content = yaml.safe_load(path.read_text())
        path.write_text(yaml.safe_dump({**content, **groups}, sort_keys=False))

    def set_hosts(
        self, managers: Sequence[str], workers: Sequence[str], retire: Sequence[str] = (), **own: dict[str, object]
    ) -> None:
        """Edit the inventory's hosts as a user would.

        :param own: by inventory name with ``_`` for ``-``: variables of that host
        """

        def hosts(names: Sequence[str]) -> dict[str, object]:
            return {
                "hosts": {
                    name: {"ansible_host": self.address_of(name), **own.get(name.replace("-", "_"), {})}
                    for name in names
                }
            }

        children = {"managers": hosts(managers), "workers": hosts(workers)}
        self.edit_hosts(swarm={"children": children}, retire=hosts(retire))

    def address_of(self, name: str) -> str:
        """Return the address of a host of the fleet, also of one that the inventory does not have."""
        rows = [line.split() for line in self.command("status").splitlines()]
        return next(row[1] for row in rows if row and row[0] == name)


def quote(command: str) -> str:
    """Quote for two shells: the one that ssh starts, and the one that it calls."""
    return "'" + command.replace("'", "'\\''") + "'"


def visits(page: str) -> int:
    """Return the count that a page shows."""
    found = re.search(r"Visits:\D*(\d+)", page)
    assert found, page
    return int(found[1])


def replica(page: str) -> str:
    """Return the replica that a page names."""
    found = re.search(r"Hostname:.*?([0-9a-f]{12})", page)
    assert found, page
    return found[1]
