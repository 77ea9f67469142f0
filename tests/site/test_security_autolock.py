"""Why no setting locks managers: an engine that starts locked serves nothing, also once it is unlocked."""

import json
import re

import pytest

from tests.support.wait import wait_until

AUTOLOCK = "docker swarm update --autolock={}"
UNLOCK = "echo {} | docker swarm unlock"
# Not reloadable: engines are restarted for it.
RESTART = ("-e", json.dumps({"docker_daemon_options": {"max-download-attempts": 4}}))
STATE = "docker info --format '{{.Swarm.LocalNodeState}}'"


@pytest.fixture
def key(fleet):
    """Lock the manager at its next start, as its user may; afterwards it is as before."""
    key = re.search(r"SWMKEY-1-\S+", fleet.on(fleet.manager, AUTOLOCK.format("true")))[0]
    yield key
    fleet.on(fleet.manager, UNLOCK.format(key) + " || :")
    fleet.on(fleet.manager, AUTOLOCK.format("false") + " && systemctl restart docker")
    fleet.await_serving()
    fleet.play().succeeded()


@pytest.mark.long
def test_locked_manager_is_told_and_serves_nothing_once_unlocked(fleet, key):
    manager = fleet.addresses[fleet.manager]
    fleet.play().unchanged()
    fleet.play(*RESTART).refused(f"swarm-autolocked: {fleet.manager}")
    assert fleet.page(manager)

    # So the reason is still there; when this is red, what docs/security.md says of autolock is wrong.
    fleet.on(fleet.manager, "systemctl restart docker")
    assert fleet.on(fleet.manager, STATE).strip() == "locked"
    workers = ", ".join(host for host in fleet.addresses if host != fleet.manager)
    refused = fleet.play().refused(f"swarm-unclear: {fleet.manager}", f"swarm-without-manager: {workers}")
    assert "docker swarm unlock; docker swarm update --autolock=false" in refused.output
    fleet.on(fleet.manager, UNLOCK.format(key))
    wait_until(lambda: fleet.on(fleet.manager, STATE).strip() == "active", 60)
    with pytest.raises(AssertionError):
        wait_until(lambda: fleet.page(manager), 60)
