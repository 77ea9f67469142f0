"""What forbids a run is one report of all problems, and nothing was changed."""

import json
import re

import pytest
import yaml
from conftest import REPOSITORY

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
        for host, (spoil, _mend) in SPOILT.items():
            fleet.on(host, spoil.format(machine=machine))
        yield fleet
    finally:
        for host, (_spoil, mend) in SPOILT.items():
            fleet.on(host, mend)


@pytest.fixture
def stack_file(tmp_path):
    """The shipped stack with services that cannot run on these hosts."""
    content = yaml.safe_load((REPOSITORY / "app/stack.yml").read_text())
    web = {"image": "${WEB_IMAGE}"}
    content["services"] |= {
        "tape": {**web, "deploy": {"placement": {"constraints": ["node.labels.disk == tape"]}}},
        "large": {**web, "deploy": {"resources": {"reservations": {"memory": "100G"}}}},
        "slow": {**web, "healthcheck": {"interval": "soon"}},
    }
    content["secrets"]["nobodys"] = {"external": True}
    path = tmp_path / "stack.yml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_problems_of_input_hosts_and_stack_are_one_report(spoilt, stack_file):
    given = {"stack_file": str(stack_file), "stack_quux": 1, "docker_daemon_options": {"live-restore": True}}
    run = spoilt.play("-e", json.dumps(given))
    assert (run.code, set(run.changed.values())) == (2, {0})
    report = run.output.split("nothing was changed")[-1]
    assert sorted(re.findall(r"^ +\d+\. ([a-z-]+(?:: .*)?)$", report, re.MULTILINE)) == [
        "host-clock: worker-2",
        "host-disk: worker-1",
        "host-not-unique: host name, worker-1, worker-2",
        "host-not-unique: machine-id, worker-1, worker-2",
        "secret-missing: stack_file: secrets.nobodys",
        "service-invalid: stack_file: services.slow.healthcheck.interval",
        "service-too-large: stack_file: services.large.deploy.resources.reservations.memory",
        "service-unplaceable: stack_file: services.tape",
        "setting-conflict: docker_daemon_options, all 3 hosts",
        "setting-unknown: stack_quux, all 3 hosts",
    ]
    assert re.search(r"found +a clock at least \d+ s ahead of most", report)
