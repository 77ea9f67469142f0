"""What is lost beneath an engine that calls itself ready is observed, named and repaired, on that node alone."""

import pytest

from bench import stack
from tests.support.wait import wait_until

HOST = "worker-2"
INGRESS = "/run/docker/netns/ingress_sbox"
# A host's load balancers are judged by the tasks that run on it, and each repair moves these away.
SPREAD = ("-e", stack.option(spread=True))
# Managers are not reached any more.
CUT = "--table raw --{} OUTPUT --protocol tcp --dport 2377 --jump DROP"
LOST = "{}: its engine runs, but managers take its node for down"
DAMAGED = "restart docker, whose network is damaged"


def answers(fleet):
    """Tell whether visitors from outside get the page through the host."""
    return bool(fleet.page(fleet.addresses[HOST], "/healthz", timeout=3))


def wait_until_status_tells(fleet, change, reason):
    """What was started a moment ago may still be on its way to all nodes, and is not told as lost."""

    def told():
        lines = fleet.play(playbook="playbooks/status.yml").output.splitlines()
        return any(HOST in line and f": {change}" in line and reason in line for line in lines)

    wait_until(told, 180)
    fleet.play(playbook="playbooks/status.yml").told(problems=True)


def await_task_of_web_on_the_host(fleet):
    """Tests before may have left it empty: tasks are not moved back to a host that was changed."""
    fleet.await_serving()
    if HOST not in fleet.nodes_of(stack.WEB):
        fleet.play(playbook="playbooks/rebalance.yml").succeeded()
        fleet.await_serving()


@pytest.mark.long
def test_forwarding_is_turned_on_again_without_a_restart(fleet):
    fleet.await_serving()
    started = fleet.engine_starts(HOST)
    fleet.on(HOST, "sysctl --write net.ipv4.ip_forward=0")
    assert not answers(fleet)
    change = "let the kernel pass packets on (net.ipv4.ip_forward is 0)"
    wait_until_status_tells(fleet, change, "")
    assert fleet.play().succeeded().changes == [f"docker {HOST}: {change}"]
    assert answers(fleet)
    assert fleet.engine_starts(HOST) == started
    fleet.play().unchanged()


@pytest.mark.long
@pytest.mark.parametrize("runs", [True, False], ids=["engine runs", "engine is started by the run"])
def test_device_that_keeps_tasks_off_a_host_is_deleted(fleet, runs):
    """Of the app's own network, whose tasks start there again once it is gone."""
    fleet.await_serving()
    number = fleet.on(
        fleet.manager,
        "docker network inspect hello_webnet --format "
        "'{{index .Options \"com.docker.network.driver.overlay.vxlanid_list\"}}'",
    )
    # The kernel goes on to hold the network's own device until the engine's namespaces are gone; it may leave some.
    fleet.on(HOST, "systemctl stop docker.socket docker; umount /run/docker/netns/* || true")
    add = f"ip link add vx-001001-m1m02 type vxlan id {number.strip()} dstport 4789"
    fleet.on(HOST, f"for _ in $(seq 30); do {add} && break; sleep 1; done; ip link show vx-001001-m1m02")
    change = "delete vx-001001-m1m02, which is left of an engine and keeps tasks of its network off the host"
    if runs:
        fleet.on(HOST, "systemctl start docker")
        wait_until_status_tells(fleet, change, "")
    run = fleet.play().succeeded()
    assert f"docker {HOST}: {change}" in run.changes
    fleet.play().unchanged()


@pytest.mark.long
@pytest.mark.parametrize(
    ("damage", "reason", "answers_still"),
    [
        ("iptables -F; iptables -t nat -F", f"no rules lead port {stack.PORT} to the routing mesh", False),
        ("ip link delete docker_gwbridge", "its bridge docker_gwbridge is gone", False),
        (
            f"apt-get -qq install ipvsadm >&2; nsenter --net={INGRESS} ipvsadm --clear",
            f"its load balancer of the routing mesh lacks {stack.REPLICAS} of {stack.REPLICAS} tasks",
            False,
        ),
        # Visitors get the page; the app's tasks on the host do not get Redis.
        (
            "apt-get -qq install ipvsadm >&2; for x in /run/docker/netns/lb_*; do nsenter --net=$x ipvsadm -C; done",
            f"its load balancer of the network lacks {stack.REPLICAS} of {stack.REPLICAS} tasks of hello_web",
            True,
        ),
    ],
    ids=["rules", "bridge", "routing mesh", "service addresses"],
)
def test_what_only_a_start_brings_back_is_brought_back_in_the_hosts_turn(fleet, damage, reason, answers_still):
    await_task_of_web_on_the_host(fleet)
    others = [host for host in fleet.addresses if host != HOST]
    before = fleet.engine_starts(*others)
    fleet.on(HOST, damage)
    assert answers(fleet) is answers_still
    wait_until_status_tells(fleet, f"{DAMAGED}: ", reason)
    run = fleet.play(*SPREAD).succeeded()
    (change,) = [change for change in run.changes if change.startswith("docker ")]
    assert change.startswith(f"docker {HOST}: {DAMAGED}: ")
    assert reason in change
    assert answers(fleet)
    assert fleet.engine_starts(*others) == before
    fleet.play(*SPREAD).unchanged()


@pytest.mark.long
def test_network_of_published_ports_is_made_again(fleet):
    """Swarm lets it be removed only once no service uses it; engines with tasks keep a copy until their next start."""
    await_task_of_web_on_the_host(fleet)
    manager = fleet.manager
    fleet.on(manager, f"docker service rm {stack.NAME}_{stack.WEB}")
    fleet.on(manager, "echo y | docker network rm ingress")
    run = fleet.play()
    assert run.code != 0
    assert "Restart that engine (systemctl restart docker), then run again" in run.words
    fleet.on(manager, "systemctl restart docker")
    wait_until_status_tells(fleet, f"{DAMAGED}: ", "its network ingress is one that the swarm no longer has")
    run = fleet.play().succeeded()
    assert f"stack {manager}: make the network ingress, which is gone" in run.changes
    fleet.await_serving()
    fleet.play().unchanged()


@pytest.mark.long
def test_node_that_managers_have_lost_is_named_at_the_end_of_a_run(fleet):
    """Its engine calls itself a member still; the others serve without it."""
    fleet.await_serving()
    (host,) = {*fleet.addresses} - {fleet.manager, *fleet.nodes_of("redis")}
    fleet.on(host, f"iptables {CUT.format('append')}; ss --kill dport = 2377")
    try:
        wait_until(lambda: "Down" in fleet.on(fleet.manager, f"docker node ls --filter name={host}"), 120)
        wait_until(lambda: LOST.format(host) in fleet.play(playbook="playbooks/status.yml").words, 240)
        run = fleet.play()
        assert run.code != 0
        assert LOST.format(host) in run.words
        assert not any(change.startswith("docker ") for change in run.changes)
    finally:
        fleet.on(host, f"iptables {CUT.format('delete')}")
    wait_until(lambda: "Ready" in fleet.on(fleet.manager, f"docker node ls --filter name={host}"), 120)
    fleet.play().succeeded()
