"""Real fleets that site.yml runs on: needs root and the packages of `python -m fleet prerequisites`."""

import os

import pytest
import visits
from golden_disks import name_of
from members import MANAGERS, spread

from fleet import golden, settings
from tests.support.fleet import Fleet
from tests.support.runs import BIN, ENVIRONMENT, run

SERVING = "serving"  # the kind of golden disk that molecule's scenario makes


def pytest_collection_modifyitems(items):
    """Let the main job go first, on the bare hosts that the others then find serving, and the tear-down last.

    With `-n 2 --dist loadfile` two workers take files in this order, each with a fleet of its own: tests of one file
    may go on where the one before left their hosts. (Groups smaller or larger than files do not work: pytest-xdist
    3.8 loses them with pytest 9.2.)
    """
    # The test hosts' own tests need no hosts that serve, and so take the time until the first do. The longest come
    # next, so that none is left to one worker at the end.
    order = {"test_main_job": -4, "test_fleet": -3, "test_membership": -2, "test_surroundings": -1, "test_tear_down": 1}
    items.sort(key=lambda item: order.get(item.path.stem, 0))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item, call):
    """Put what a test's visitors have sent and got into its report, which workers pass on."""
    if call.when == "call":
        item.user_properties += [("requests", tally) for tally in visits.take_tallies()]


def pytest_terminal_summary(terminalreporter):
    """Show the requests that were sent while something was changed, and those that failed."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    requests = [
        (report.nodeid.rpartition("/")[2], tally)
        for report in reports
        if report.when == "call"
        for kind, tally in report.user_properties
        if kind == "requests"
    ]
    if requests:
        terminalreporter.section("requests")
        for line in visits.table(requests):
            terminalreporter.write_line(line)


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
        fleet = None
        if not golden.exists(name):
            # Whoever makes it has the lock.
            with settings.locked(kind):
                if not golden.exists(name):
                    fleet = make_fleet(hosts, managers=managers)
                    edit(fleet)
                    fleet.play().succeeded()
                    fleet.command("save", name)
        fleet = fleet or make_fleet(golden_disk=name)
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
    if "FLOTILLA_FLEET" in os.environ:
        fleet = Fleet(os.environ["FLOTILLA_FLEET"])
        if set(MANAGERS) <= fleet.addresses.keys():
            yield fleet
            return
    fleet = serving("managers", 3, managers=3, edit=spread)
    yield fleet
    fleet.command("down")
