"""A release that does not run ends the deploy red, with the reason, and what ran before goes on serving."""

import re

import pytest
from visits import visiting

from bench import stack
from tests.support.stack import stack_with

CRASH = {"command": ["python3", "-c", "raise SystemExit('no such table: visits')"]}
NEVER_HEALTHY = {"healthcheck": {"test": ["CMD", "false"], "interval": "3s", "start_period": "5s", "retries": 2}}
TOO_LARGE = {"deploy": {"resources": {"limits": {"memory": "12M"}}}}
# Nothing listens there.
UNPULLABLE = {"image": "localhost:1/hello:none"}
# What a node lacks is mostly found beforehand; labels of engines are known to Swarm alone.
UNPLACEABLE = {"deploy": {"placement": {"constraints": ["engine.labels.nowhere == true"]}}}


def release_of(fleet):
    """Names of the record's objects, the newest last."""
    names = fleet.on(
        fleet.manager, "docker config ls --filter name=flotilla_hello.release_v --format '{{.Name}}'"
    ).split()
    return max(int(name.rsplit("v", 1)[1]) for name in names)


def deploy_bad(fleet, tmp_path, change, *reasons):
    """Deploy a bad release, and see it red while the last one serves."""
    before = release_of(fleet)
    with visiting(fleet) as visits:
        run = fleet.play("-e", stack_with(tmp_path, web=change), playbook="playbooks/deploy.yml")
    assert run.code != 0
    assert visits.failed == []
    failure = run.output[run.output.rindex("PLAY RECAP") :]
    for part in (r"after \d+ s of at most 600 s", f"Release {before} runs again", *reasons):
        assert re.search(part, failure), part
    assert release_of(fleet) == before
    fleet.assert_serving()
    fleet.play().unchanged()


def test_crash(fleet, tmp_path):
    on_a_node = r"task web\.\d on (manager|worker)-\d: failed"
    deploy_bad(fleet, tmp_path, CRASH, on_a_node, r"non-zero exit \(1\)", "no such table: visits")


@pytest.mark.long
def test_full_disk_of_one_host(fleet):
    """The deploy is refused before anything is pulled, so nothing is left half pulled."""
    before = release_of(fleet)
    greet = ("-e", stack.option(environment={"NAME": "Room"}))
    fill = "fallocate -l $(($(df --output=avail -B1M /var | tail -n 1) - 100))M /var/full"
    fleet.on("worker-1", fill)
    try:
        with visiting(fleet) as visits:
            fleet.play(*greet, playbook="playbooks/deploy.yml").refused("host-disk: worker-1")
        assert visits.failed == []
        assert release_of(fleet) == before
        fleet.assert_serving()
    finally:
        fleet.on("worker-1", "rm /var/full")
    fleet.play(*greet, playbook="playbooks/deploy.yml").succeeded()
    assert "Hello Room!" in fleet.page(fleet.addresses["worker-1"])
    assert fleet.on("worker-1", "docker images --quiet --filter dangling=true; ls -A /var/lib/docker/tmp").strip() == ""
    fleet.play().succeeded()


@pytest.mark.long
def test_good_release_after_a_bad_one(fleet, tmp_path):
    deploy_bad(fleet, tmp_path, CRASH, "no such table: visits")
    good = stack_with(tmp_path, web={"environment": {"NAME": "Good"}})
    fleet.play("-e", good, playbook="playbooks/deploy.yml").succeeded()
    assert "Hello Good!" in fleet.page(fleet.addresses["worker-1"])
    fleet.play().succeeded()


@pytest.mark.long
@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        (NEVER_HEALTHY, [r"task web\.\d on \w+-\d", "unhealthy"]),
        (TOO_LARGE, [r"task web\.\d on \w+-\d", r"\(137\) = killed, most likely .* its limit of 12 MiB"]),
        (UNPULLABLE, [r"task web\.\d on \w+-\d: rejected", "No such image"]),
        (UNPLACEABLE, [r"task web\.\d on no node: pending", "no suitable node", "no node can take a task of web"]),
    ],
    ids=["never healthy", "too large", "unpullable", "unplaceable"],
)
def test_bad_release(fleet, tmp_path, change, reasons):
    deploy_bad(fleet, tmp_path, change, *reasons)
