"""Who has taken over the app in a container gains no rights there, and takes no more of its host than its limits."""

import errno

import pytest

from bench import stack
from tests.support.wait import wait_until

LIMITS = "{{.HostConfig.PidsLimit}} {{.HostConfig.NanoCpus}} {{.HostConfig.Memory}}"
LISTEN = "from socket import *; create_server(('', 8080)).accept()"
# Prints 0 where somebody listens, and EAGAIN where nobody answers.
KNOCK = "from socket import *; knock = socket(); knock.settimeout(5); print(knock.connect_ex(('{}', 8080)))"


def tasks(fleet):
    """Service, host and container of each task."""
    services = stack.sizes(len(fleet.addresses))
    return [
        (service, host, task)
        for host in fleet.addresses
        for service in services
        for task in fleet.containers(host, service)
    ]


@pytest.mark.long
def test_tasks_gain_no_rights_and_have_limits(fleet):
    # A task that an update has replaced may still end.
    expected = sum(stack.sizes(len(fleet.addresses)).values())
    wait_until(lambda: len(tasks(fleet)) == expected, 120)
    for service, host, task in tasks(fleet):
        process = fleet.on(host, f"cat /proc/$(docker inspect --format '{{{{.State.Pid}}}}' {task})/status")
        rights = dict(line.split(":\t", 1) for line in process.splitlines())
        assert (service, rights["NoNewPrivs"], int(rights["CapEff"], 16)) == (service, "1", 0)
        limits = map(int, fleet.on(host, f"docker inspect --format '{LIMITS}' {task}").split())
        assert min(limits) > 0, f"{service} has no limit of pids, CPU or memory"


@pytest.mark.long
def test_containers_of_ones_own_do_not_reach_each_other(fleet):
    image = fleet.image_of(stack.WEB)
    run = f'docker run --rm --entrypoint python3 {{}} {image} -c "{{}}"'
    (host, *_) = fleet.nodes_of(stack.WEB)
    container = fleet.on(host, run.format("--detach", LISTEN)).strip()
    address = fleet.on(host, f"docker inspect --format '{{{{.NetworkSettings.IPAddress}}}}' {container}").strip()
    try:
        assert int(fleet.on(host, run.format("", KNOCK.format(address)))) == errno.EAGAIN
        # It does listen: its host reaches it.
        assert int(fleet.on(host, f'python3 -c "{KNOCK.format(address)}"')) == 0
    finally:
        fleet.on(host, f"docker kill {container}", check=False)
