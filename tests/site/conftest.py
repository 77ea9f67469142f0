"""Real fleets that site.yml runs on: needs root and the packages of `python -m fleet prerequisites`."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from golden_disks import name_of

from fleet import golden, settings

REPOSITORY = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "ANSIBLE_NOCOLOR": "1"}
RECAP = re.compile(
    r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)\s+skipped=(\d+)", re.MULTILINE
)

SERVING = "serving"  # the kind of golden disk that molecule's scenario makes
ACT = re.compile(r"^  (docker|swarm|registry|image|stack) +([^:]+: .+)$", re.MULTILINE)


@dataclass
class Run:
    """One run of a playbook.

    :ivar code: exit code
    :ivar output: everything that it printed
    :ivar changed: changed tasks by host
    :ivar tasks: tasks by host, skipped ones included
    """

    code: int
    output: str

    @property
    def recap(self):
        return {match[1]: [int(number) for number in match.groups()[1:]] for match in RECAP.finditer(self.output)}

    @property
    def changed(self):
        return {name: numbers[1] for name, numbers in self.recap.items()}

    @property
    def tasks(self):
        return {name: numbers[0] + numbers[4] for name, numbers in self.recap.items()}


def run(*command, folder=REPOSITORY, environment=ENVIRONMENT):
    """Run a command of Ansible or molecule to its end, and print what it printed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1800,
        check=False,
    )
    print(done.stdout)
    return Run(done.returncode, done.stdout)


class Begun:
    """A run that is under way, and leads a process group of its own."""

    def __init__(self, process, log):
        self.process, self.log, self.pid = process, log, process.pid

    def output(self):
        """What it printed until now."""
        return self.log.read_text()

    def task(self):
        """The task that it had come to."""
        return (re.findall(r"^TASK \[(.*)\]", self.output(), re.MULTILINE) or ["nothing yet"])[-1]

    def wait_for(self, text, seconds=600):
        """Wait until it has printed a text."""
        end = time.monotonic() + seconds
        while text not in self.output():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < end, self.output()
            time.sleep(0.1)

    def wait(self, seconds):
        """Wait for its end and return its exit code."""
        return self.process.wait(seconds)

    def interrupt(self, seconds, number):
        """Send a signal to it after some seconds, unless it is done before, and print which it was."""
        try:
            self.wait(seconds)
            print(f"was done before {seconds:.0f} s")
        except subprocess.TimeoutExpired:
            self.signal(number)
            self.wait(120)
            print(f"interrupted after {seconds:.0f} s in {self.task()}")

    def signal(self, number):
        """Send a signal to its process group; nothing where it has ended."""
        if self.process.poll() is None:
            os.killpg(self.pid, number)
        if number == signal.SIGKILL:
            self.process.wait()


class Fleet:
    """A fleet of test hosts and the inventory that a user would edit."""

    def __init__(self, name):
        self.name = name
        self.inventory = Path(self.command("inventory").strip())

    def command(self, *words, check=True):
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
        return done.stdout

    def on(self, host, command):
        """Run a shell command as root on a host."""
        return self.command("ssh", host, f"sudo sh -c {quote(command)}")

    def play(self, *words, playbook="site.yml", clone=REPOSITORY, verbose=False, prefix=()):
        """Run a playbook, or a tuple of them, against the fleet, from a clone of the repository."""
        names = (playbook,) if isinstance(playbook, str) else playbook
        return run(*prefix, *self.playbook(*names), *words, *(["-vvv"] if verbose else []), folder=clone)

    def playbook(self, *names):
        """The command that runs playbooks."""
        return [BIN / "ansible-playbook", "--inventory", self.inventory, *names]

    @contextlib.contextmanager
    def begin(self, log, *words, playbook="site.yml"):
        """Begin a run of a playbook; whatever is left of it ends with the context."""
        with log.open("w") as stream:
            process = subprocess.Popen(
                [*self.playbook(playbook), *words],
                cwd=REPOSITORY,
                # Who waits for a task needs its name, also where nothing changes.
                env={**ENVIRONMENT, "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default"},
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
    def addresses(self):
        """Address by inventory name, as the inventory has them."""
        groups = yaml.safe_load((self.inventory / "hosts.yml").read_text())["swarm"]["children"]
        return {
            name: entry["ansible_host"]
            for group in groups.values()
            for name, entry in (group.get("hosts") or {}).items()
        }

    def page(self, address, path="/", timeout=5, port=4000):
        """Visit a page from the fleet's network, as another machine there would.

        :return: its text, ``""`` when it does not answer in time
        """
        url = f"http://{address}:{port}{path}"
        return self.command("exec", "--", "curl", "-fsS", "--max-time", str(timeout), url, check=False)

    def mend(self, host):
        """Plug a host's cable in again, and wait until it answers."""
        self.command("mend", host)
        for _ in range(30):
            if self.command("ssh", host, "echo here", check=False):
                return
            time.sleep(2)
        raise AssertionError(f"{host} does not come back")

    def await_serving(self):
        """Wait until a fleet that was booted serves as before: through every node all replicas answer."""
        end = time.monotonic() + 300
        listing = "sudo docker service ls --format '{{.Replicas}}'"
        while True:
            sizes = [size.split("/") for size in self.command("ssh", self.manager, listing, check=False).split()]
            if sizes and all(running == wanted for running, wanted in sizes) and self.all_replicas_answer():
                return
            assert time.monotonic() < end, sizes
            time.sleep(2)

    def all_replicas_answer(self):
        """Whether visits through each node come to five replicas and all are answered."""
        for address in self.addresses.values():
            pages = [self.page(address) for _ in range(5)]
            if not all(pages) or len({replica(page) for page in pages}) != 5:
                return False
        return True

    def services(self):
        """Running and wanted replicas by service, such as ``{"web": "5/5"}``, once those told to stop have stopped."""
        listing = "docker service ls --format '{{.Name}} {{.Replicas}}'"
        for _ in range(20):
            listed = [line.split() for line in self.on(self.manager, listing).splitlines()]
            sizes = [line[1].split("/") for line in listed]
            if all(int(running) <= int(wanted) for running, wanted in sizes):
                break
            time.sleep(2)
        return {line[0].removeprefix("hello_"): line[1] for line in listed}

    @property
    def manager(self):
        return next(iter(self.addresses))

    def set_hosts(self, managers, workers):
        """Edit the inventory's hosts as a user would."""
        path = self.inventory / "hosts.yml"
        content = yaml.safe_load(path.read_text())
        known = {**self.addresses, **{name: self.address_of(name) for name in [*managers, *workers]}}
        content["swarm"]["children"] = {
            "managers": {"hosts": {name: {"ansible_host": known[name]} for name in managers}},
            "workers": {"hosts": {name: {"ansible_host": known[name]} for name in workers}},
        }
        path.write_text(yaml.safe_dump(content, sort_keys=False))

    def address_of(self, name):
        """Address of a host of the fleet, also of one that the inventory does not have."""
        rows = [line.split() for line in self.command("status").splitlines()]
        return next(row[1] for row in rows if row and row[0] == name)


def quote(command):
    """Quote for two shells: the one that ssh starts, and the one that it calls."""
    return "'" + command.replace("'", "'\\''") + "'"


def visits(page):
    """The count that a page shows."""
    return int(re.search(r"Visits:\D*(\d+)", page)[1])


def replica(page):
    """The replica that a page names."""
    return re.search(r"Hostname:.*?([0-9a-f]{12})", page)[1]


def acts(run):
    """What a run's plan said, one entry for each line."""
    return sorted(" ".join(match.groups()) for match in ACT.finditer(run.output))


def pytest_collection_modifyitems(items):
    """Let the main job go first, on the bare hosts that the others then find serving, and the tear-down last.

    With `-n 2 --dist loadfile` two workers take files in this order, each with a fleet of its own: tests of one file
    may go on where the one before left their hosts. (Groups smaller or larger than files do not work: pytest-xdist
    3.8 loses them with pytest 9.2.)
    """
    # The test hosts' own tests need nothing of it: they fill the other worker's time until it is done.
    order = {"test_main_job": -2, "test_fleet": -1, "test_tear_down": 1}
    items.sort(key=lambda item: order.get(item.path.stem, 0))


@pytest.fixture(scope="session")
def make_fleet():
    """Boot fleets under names of their own; they end with the session."""
    fleets = []

    def make(hosts=None, managers=1, memory=1536, golden_disk=None):
        fleet = Fleet(f"site-{os.getpid()}-{len(fleets)}")
        fleets.append(fleet)
        if golden_disk:
            fleet.command("up", "--from", golden_disk)
        else:
            fleet.command("up", str(hosts), "--managers", str(managers), "--memory", str(memory))
        return fleet

    yield make
    for fleet in fleets:
        fleet.command("down", check=False)


@pytest.fixture(scope="session")
def serving(make_fleet):
    """Boot fleets that serve, from golden disks; one that is not there yet is made of bare hosts and kept."""

    def boot(kind, hosts, managers=1, edit=lambda fleet: None):
        name = name_of(kind, {"hosts": hosts, "managers": managers})
        with settings.locked(kind):
            if made := not golden.exists(name):
                fleet = make_fleet(hosts, managers=managers)
                edit(fleet)
                assert fleet.play().code == 0
                fleet.command("save", name)
        if not made:
            fleet = make_fleet(golden_disk=name)
        fleet.await_serving()
        return fleet

    return boot


@pytest.fixture(scope="session")
def served():
    """Fleets that serve in this session already."""
    return []


@pytest.fixture(scope="session")
def first_run(served):
    """The runs that bring bare hosts to the page: molecule's, told in full. Their hosts are kept as a golden disk.

    FLOTILLA_FLEET names a fleet that serves already, to work on one topic; then it is one run there.
    """
    if "FLOTILLA_FLEET" in os.environ:
        yield Fleet(os.environ["FLOTILLA_FLEET"]).play(verbose=True)
        return
    # Who wants that golden disk meanwhile waits for it.
    with settings.locked(SERVING):
        # With `--destroy never` molecule would take hosts for created that a killed run only began with.
        molecule("destroy")
        run = molecule("test", "--destroy", "never")
        fleet = Fleet("molecule")
        name = name_of(SERVING, {"hosts": 3, "managers": 1})
        if run.code == 0 and not golden.exists(name):
            fleet.command("save", name)
    if run.code == 0:
        fleet.await_serving()
        served.append(fleet)
    yield run
    molecule("destroy")


def molecule(*words):
    """Run molecule's scenario, each of its runs as verbose as can be."""
    # Within molecule's borders long lines are broken, and a secret in one would not be found.
    plain = {"MOLECULE_COMMAND_BORDERS": "false", "NO_COLOR": "1"}
    told = {**ENVIRONMENT, **plain, "ANSIBLE_VERBOSITY": "3", "ANSIBLE_DIFF_ALWAYS": "1"}
    told.pop("FLOTILLA_INVENTORY", None)
    return run(BIN / "molecule", *words, environment=told)


@pytest.fixture(scope="session")
def fleet(served, serving):
    """The serving fleet that tests share: each leaves it serving, with the inventory that it found.

    It is molecule's where this session began with that, otherwise one from its golden disk.
    """
    if "FLOTILLA_FLEET" in os.environ:
        return Fleet(os.environ["FLOTILLA_FLEET"])
    return served[0] if served else serving(SERVING, 3)


@pytest.fixture(scope="module")
def managers(serving):
    """Three managers that serve, the registry on the second and Redis on the third.

    FLOTILLA_FLEET names a fleet that is so already to take instead.
    """
    from members import MANAGERS, spread

    if "FLOTILLA_FLEET" in os.environ:
        fleet = Fleet(os.environ["FLOTILLA_FLEET"])
        if set(MANAGERS) <= fleet.addresses.keys():
            yield fleet
            return
    fleet = serving("managers", 3, managers=3, edit=spread)
    yield fleet
    fleet.command("down")
