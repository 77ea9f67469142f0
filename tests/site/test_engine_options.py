"""Options of engines: what dockerd refuses touches no engine, and one that does not start ends the restarts."""

import json

import pytest
from sizes import full_size
from visits import load

from bench import stack

BROKEN = "/etc/systemd/system/docker.service.d/broken.conf"
SETTINGS = "/etc/docker/daemon.json"


def options(**found):
    """Name options of daemon.json to ansible-playbook, as a user would write them."""
    return "-e", json.dumps({"docker_daemon_options": found})


def engines(fleet):
    """Which process each host's engine is, since when, and which settings lie there."""
    command = f"systemctl show docker --property MainPID,ActiveEnterTimestamp; cat {SETTINGS}"
    return {host: fleet.on(host, command) for host in fleet.addresses}


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"no-such-key": 1}, "don't match any configuration option: no-such-key"),
        pytest.param({"log-level": "nonsense"}, "invalid logging level: nonsense", marks=pytest.mark.long),
        # The unit has it as a flag; the file alone would do.
        pytest.param(
            {"hosts": ["fd://"]},
            "specified both as a flag and in the configuration file: hosts",
            marks=pytest.mark.long,
        ),
    ],
    ids=["unknown", "bad", "twice"],
)
def test_options_that_dockerd_refuses_touch_no_engine(fleet, option, words):
    """What dockerd itself says of them is passed on."""
    before = engines(fleet)
    run = fleet.play(*options(**option)).refused(
        f"engine-settings: docker_daemon_options, all {len(fleet.addresses)} hosts"
    )
    assert words in run.output
    assert engines(fleet) == before


def turns(fleet):
    """The hosts in the order in which their engines are restarted: the one with data behind the other workers."""
    data = fleet.nodes_of("redis")
    listed = fleet.on(fleet.manager, "docker node ls --filter role=manager --format '{{.Hostname}} {{.ManagerStatus}}'")
    managers = dict(line.split() for line in listed.splitlines())
    return sorted(fleet.addresses, key=lambda host: (managers.get(host) == "Leader", host in managers, host in data))


@pytest.fixture
def broken(fleet):
    """A host whose engine can be stopped, and not be started again until the function that this gives is called."""
    host = turns(fleet)[1]
    fleet.on(host, f"mkdir -p {BROKEN.rpartition('/')[0]}; echo '[Service]\nExecStartPre=/bin/false' > {BROKEN}")

    def repair():
        fleet.on(host, f"rm -f {BROKEN}; systemctl daemon-reload")

    fleet.on(host, "systemctl daemon-reload")
    yield host, repair
    repair()
    # What the test left, also where it failed.
    fleet.play().succeeded()


def processes(fleet):
    """Which process each host's engine is."""
    return {host: fleet.on(host, "systemctl show docker --property MainPID --value") for host in fleet.addresses}


REGISTRIES = "docker info --format '{{.RegistryConfig.Mirrors}} {{.RegistryConfig.IndexConfigs}}'"


@pytest.mark.long
def test_registries_are_taken_up_without_a_restart(fleet):
    """And by a restart when they are taken out again, as a reload does not take away what is left out."""
    before = processes(fleet)
    asked = {"registry-mirrors": ["http://mirror:5000"], "insecure-registries": ["plain:5000"]}
    with load(fleet, rate=20), full_size(fleet):
        run = fleet.play(*options(**asked)).succeeded()
    told = "let docker take up insecure-registries, registry-mirrors, which needs no restart"
    assert f"docker all {len(before)} hosts: {told}" in run.changes
    assert processes(fleet) == before
    for host in fleet.addresses:
        assert "http://mirror:5000/" in fleet.on(host, REGISTRIES)
        assert "plain:5000" in fleet.on(host, REGISTRIES)
    fleet.play(*options(**asked)).unchanged()
    fleet.play().succeeded()
    assert not {*before.values()} & {*processes(fleet).values()}
    assert "mirror:5000" not in fleet.on(fleet.manager, REGISTRIES)
    fleet.assert_serving()


@pytest.mark.long
def test_registry_that_an_engine_refuses_reaches_no_other(fleet):
    """It is valid to ``dockerd --validate``, which reads no names of registries."""
    before = engines(fleet)
    refused = {"insecure-registries": ["-plain:5000"]}
    run = fleet.play(*options(**refused))
    assert run.code != 0
    assert "The engine did not take up insecure-registries" in run.words
    assert "Cannot begin or end with a hyphen" in run.words
    assert engines(fleet) == before
    fleet.assert_serving()
    fleet.play().unchanged()


@pytest.mark.long
def test_restarts_lose_no_request(fleet):
    """Not at the host whose turn it is either, not while tasks are spread again, nor while the option is taken out."""
    order = turns(fleet)
    spread = ("-e", stack.option(spread=True))
    with load(fleet, rate=20), full_size(fleet):
        run = fleet.play(*options(**{"log-level": "warn"}), *spread).succeeded()
        assert all("warn" in shown for shown in engines(fleet).values())
        assert {*fleet.nodes_of(stack.WEB)} == {*fleet.addresses}
        fleet.play(*spread).succeeded()
    begun = [run.output.index(f"changed: {host}: Lead its visitors to another host") for host in order]
    assert begun == sorted(begun)
    assert "hello_redis stops while the host is changed (its data is there)" in run.output
    fleet.assert_serving()
    fleet.play(*spread).unchanged()


@pytest.mark.long
def test_restarts_end_at_the_first_engine_that_does_not_start(fleet, broken):
    first, second, *others = turns(fleet)
    host, repair = broken
    assert host == second
    before = engines(fleet)
    with load(fleet, rate=20):
        run = fleet.play(*options(**{"log-level": "warn"}))
        after = engines(fleet)
        assert run.code != 0
        assert f"{second}: its engine did not start: docker.service: Control process exited" in run.output
        assert f"Changed, and up again: {first}." in run.output
        assert f"Not touched: {', '.join(others)}." in run.words
        assert after[first] != before[first]
        assert "warn" in after[first]
        assert [after[host] for host in others] == [before[host] for host in others]

        # The same again, as long as it is broken, restarts nothing either.
        run = fleet.play(*options(**{"log-level": "warn"}))
        assert run.code != 0
        assert f"{second}: its engine did not start" in run.output
        again = engines(fleet)
        assert [again[host] for host in others] == [before[host] for host in others]

        repair()
        run = fleet.play(*options(**{"log-level": "warn"})).succeeded()
    assert f"docker {second}: start docker" in run.changes
    assert all("warn" in shown for shown in engines(fleet).values())
    fleet.assert_serving()
    fleet.play(*options(**{"log-level": "warn"})).unchanged()
