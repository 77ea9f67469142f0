"""Secrets are rotated while visitors come, and no visit fails or is lost."""

import itertools
import json
import signal

import pytest
from conftest import visits as count_of
from test_releases import status
from visits import visiting


def password(fleet):
    listing = "docker service ps --filter desired-state=running --format '{{.Node}}' hello_web | head -n 1"
    host = fleet.on(fleet.manager, listing).strip()
    web = fleet.on(host, "docker ps --quiet --filter name=hello_web | head -n 1").strip()
    return fleet.on(host, f"docker exec {web} cat /run/secrets/redis_password").strip()


def redis_says(fleet, secret):
    host = next(
        task["node"] for task in status(fleet)["tasks"] if task["name"] == "redis.1" and task["state"] == "running"
    )
    redis = fleet.on(host, "docker ps --quiet --filter name=hello_redis").strip()
    return fleet.on(host, f"docker exec --env REDISCLI_AUTH={secret} {redis} redis-cli ping")


def rotate(fleet, *words, verbose=False):
    """Rotate Redis' password while visitors come."""
    old = password(fleet)
    before = count_of(fleet.page(fleet.addresses[fleet.manager]))
    with visiting(fleet) as seen:
        run = fleet.play(*words, playbook="playbooks/deploy.yml", verbose=verbose)
    assert run.code == 0
    assert seen.failed == []
    assert seen.counts[0] > before
    assert all(earlier < later for earlier, later in itertools.pairwise(seen.counts))
    # Redis restarts twice. Were only one password taken, web tasks with the other would be refused half of the time.
    assert len(seen.counts) > 0.8 * len(seen.shown)
    assert password(fleet) != old
    assert redis_says(fleet, password(fleet)).startswith("PONG")
    assert "PONG" not in redis_says(fleet, old)
    return run


@pytest.mark.long
def test_generated_password_is_rotated_on_request(fleet):
    rotate(fleet, "-e", "stack_rotate=redis_password")
    assert set(fleet.play().changed.values()) == {0}


@pytest.mark.long
def test_rotation_that_was_killed_is_finished_by_the_next_run(fleet, tmp_path):
    old = password(fleet)
    with fleet.begin(tmp_path / "killed.log", "-e", "stack_rotate=redis_password") as killed:
        killed.wait_for("web 1/5")
        killed.signal(signal.SIGKILL)
    with visiting(fleet) as seen:
        run = fleet.play()
    assert run.code == 0
    assert "Note: the rotation of redis_password to" in run.output
    assert seen.failed == []
    assert len(seen.counts) > 0.8 * len(seen.shown)
    assert redis_says(fleet, password(fleet)).startswith("PONG")
    assert "PONG" not in redis_says(fleet, old)
    assert set(fleet.play().changed.values()) == {0}


@pytest.mark.long
def test_given_password_is_rotated_by_its_value_and_shown_nowhere(fleet):
    canary = "canary-5ecret"
    words = ["-e", json.dumps({"stack_secrets": {"redis_password": canary}})]
    run = rotate(fleet, *words, verbose=True)
    assert password(fleet) == canary
    assert canary not in run.output
    for host in fleet.addresses:
        shown = fleet.on(
            host,
            "docker ps -aq | xargs docker inspect; docker image ls -q | xargs -n 1 docker image history --no-trunc",
        )
        assert canary not in shown
    shown = fleet.on(
        fleet.manager, "for kind in service config secret; do docker $kind ls -q | xargs docker $kind inspect; done"
    )
    assert canary not in shown
    assert set(fleet.play(*words).changed.values()) == {0}
    # The value is kept when the inventory does not give one any more.
    assert set(fleet.play().changed.values()) == {0}
