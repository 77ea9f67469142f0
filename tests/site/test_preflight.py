"""What forbids a run is one report of all problems, and nothing was changed."""

import json

import pytest

from tests.support.stack import stack_with

# By host, what spoils it and what makes it good again. Nothing of it outlives a boot but the machine-id and the file.
SPOILT = {
    "worker-1": ("fallocate -l $(($(df --output=avail -B1M /var | tail -n 1) - 500))M /var/full", "rm /var/full"),
    "worker-2": (
        "hostname worker-1; date --set '60 seconds'; cp /etc/machine-id /root/own-id; echo {machine} > /etc/machine-id",
        "hostname worker-2; date --set '60 seconds ago'; cp /root/own-id /etc/machine-id",
    ),
}


@pytest.fixture
def spoilt(fleet):
    """The shared fleet with a full disk, a clock that is ahead, and two hosts of one name and one machine-id."""
    machine = fleet.on("worker-1", "cat /etc/machine-id").strip()
    try:
        for host, (spoil, _repair) in SPOILT.items():
            fleet.on(host, spoil.format(machine=machine))
        yield fleet
    finally:
        for host, (_spoil, repair) in SPOILT.items():
            fleet.on(host, repair)


@pytest.fixture
def impossible(tmp_path):
    """The shipped stack with services that cannot run on these hosts."""
    any_image = {"image": "redis:8"}
    return stack_with(
        tmp_path,
        {"secrets": {"nobodys": {"external": True}}},
        tape={
            **any_image,
            "secrets": ["nobodys"],
            "deploy": {"placement": {"constraints": ["node.labels.disk == tape"]}},
        },
        large={**any_image, "deploy": {"resources": {"reservations": {"memory": "100G"}}}},
    )


def test_problems_of_input_hosts_and_stack_are_one_report(spoilt, impossible):
    given = {"stack_quux": 1, "docker_daemon_options": {"live-restore": True}}
    run = spoilt.play("-e", impossible, "-e", json.dumps(given))
    run.refused(
        "host-clock: worker-2",
        "host-disk: worker-1",
        "host-not-unique: host name, worker-1, worker-2",
        "host-not-unique: machine-id, worker-1, worker-2",
        "secret-missing: stacks.hello.files: secrets.nobodys",
        "service-too-large: stacks.hello.files: services.large.deploy.resources.reservations.memory",
        "service-unplaceable: stacks.hello.files: services.tape",
        "setting-conflict: docker_daemon_options, all 3 hosts",
        "setting-unknown: stack_quux, all 3 hosts",
        "stack-too-large: stacks",
    )
    assert "ahead" in run.problems["host-clock: worker-2"]
