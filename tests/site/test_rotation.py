"""Secrets are rotated while visitors come, and no visit fails or is lost."""

import itertools
import signal

import pytest
from visits import visiting

from bench import stack
from tests.support.fleet import visits as count_of


def password(fleet):
    host, *_others = fleet.nodes_of(stack.WEB)
    web, *_others = fleet.containers(host, stack.WEB)
    return fleet.on(host, f"docker exec {web} cat /run/secrets/redis_password").strip()


def redis_says(fleet, secret):
    (host,) = fleet.nodes_of("redis")
    (redis,) = fleet.containers(host, "redis")
    return fleet.on(host, f"docker exec --env REDISCLI_AUTH={secret} {redis} redis-cli --user app ping")


def rotate(fleet, *words, verbose=False):
    """Rotate Redis' password while visitors come."""
    old = password(fleet)
    before = count_of(fleet.page(fleet.addresses[fleet.manager]))
    with visiting(fleet) as visits:
        run = fleet.play(*words, playbook="playbooks/deploy.yml", verbose=verbose).succeeded()
    assert visits.failed == []
    assert visits.counts[0] > before
    assert all(earlier < later for earlier, later in itertools.pairwise(visits.counts))
    # Redis restarts twice. Were only one password taken, web tasks with the other would be refused half of the time.
    assert len(visits.counts) > 0.8 * len(visits.shown)
    assert password(fleet) != old
    assert redis_says(fleet, password(fleet)).startswith("PONG")
    assert "PONG" not in redis_says(fleet, old)
    return run


@pytest.mark.long
def test_generated_password_is_rotated_on_request(fleet):
    rotate(fleet, "-e", "stack_rotate=redis_password")
    fleet.play().unchanged()


@pytest.mark.long
def test_rotation_that_was_killed_is_finished_by_the_next_run(fleet, tmp_path):
    old = password(fleet)
    with fleet.begin(tmp_path / "killed.log", "-e", "stack_rotate=redis_password") as killed:
        killed.wait_for(f"{stack.WEB} 1/{stack.REPLICAS}")
        killed.signal(signal.SIGKILL)
    with visiting(fleet) as visits:
        run = fleet.play().succeeded()
    assert "Note: the rotation of redis_password to" in run.output
    assert visits.failed == []
    assert len(visits.counts) > 0.8 * len(visits.shown)
    assert redis_says(fleet, password(fleet)).startswith("PONG")
    assert "PONG" not in redis_says(fleet, old)
    fleet.play().unchanged()


@pytest.mark.long
def test_given_password_is_rotated_by_its_value_and_shown_nowhere(fleet):
    canary = "canary-5ecret"
    words = ["-e", stack.option(secrets={"redis_password": canary})]
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
    fleet.play(*words).unchanged()
    # The value is kept when the inventory does not give one any more.
    fleet.play().unchanged()
