"""What a host says of other hosts counts for nothing: whoever owns a worker owns that worker."""

import json

import pytest

from tests.support.fleet import quote

# In place of the worker's Python: it answers as Python does, but where flotilla's observation says that this host was
# asked for no digest, it names one for each image of the site.
IMPOSTOR = (
    "#!/bin/sh\n"
    """"$(readlink -f /usr/bin/python3.stolen)" "$@" | sed 's|"images": {}|"images": %s|'\n"""
)


@pytest.fixture
def stolen_worker(fleet):
    """Let worker-1 answer with digests of its own for the images that the site runs."""
    listing = "docker service ls --format '{{.Image}}'"
    names = {line.split("@")[0] for line in fleet.on(fleet.manager, listing).split()}
    tags = fleet.on(fleet.manager, "docker images --format '{{.Repository}}:{{.Tag}}'").split()
    answer = {tag: f"sha256:{'0' * 64}" for tag in tags if tag.rpartition(":")[0] in names}
    assert answer
    script = quote(IMPOSTOR % json.dumps(answer))
    fleet.command("ssh", "worker-1", "sudo mv /usr/bin/python3 /usr/bin/python3.stolen")
    fleet.command(
        "ssh", "worker-1", f"printf %s {script} | sudo tee /usr/bin/python3 && sudo chmod 755 /usr/bin/python3"
    )
    yield "worker-1"
    fleet.command("ssh", "worker-1", "sudo mv /usr/bin/python3.stolen /usr/bin/python3")


def specs(fleet):
    return fleet.on(fleet.manager, "docker service inspect --format '{{json .Spec}}' $(docker service ls -q)")


def test_digests_that_a_stolen_worker_returns_unasked_are_ignored_and_reported(fleet, stolen_worker):
    before = specs(fleet)
    run = fleet.play().unchanged()
    assert f"{stolen_worker} answered with digests that it was not asked for" in run.output
    assert specs(fleet) == before
