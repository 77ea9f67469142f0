"""What forbids a run is one report with a line for each problem, and nothing was changed."""

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
    found = re.findall(r"^ {10}(\d+\. .*)$", run.output.split("nothing was changed:")[-1], re.MULTILINE)
    wanted = [
        r"flotilla has no variable stack_quux; docs/variables\.md lists all \(all hosts\)",
        r"worker-1 and worker-2 have the same machine-id \w+; make a new one on one of them",
        r"worker-1 and worker-2 have the same host name worker-1; ",
        *(f"{name}: docker_daemon_options has live-restore, which excludes Swarm" for name in spoilt.addresses),
        r"worker-1: /var has \d+ MiB free, wanted are at least 2000",
        r"worker-2: its clock is at least \d+ s ahead of those of most others, wanted are at most 5 s; let it",
        r"stack_file: secret nobodys is external, but the swarm has none of that name; create it",
        r"stack_file: service tape: no host satisfies node\.labels\.disk == tape; mend its placement",
        r"stack_file: service large: its reservations of 102400 MiB of memory for one task is more than any host",
        r"stack_file: service slow: interval is soon, wanted is a duration such as 30s",
    ]
    assert [text for text in wanted if not any(re.match(rf"\d+\. {text}", line) for line in found)] == [], found
    assert len(found) == len(wanted)
