"""A host that was stolen is cut off while visitors come: what it had is refused, and no request to the others fails."""

import contextlib
import json
import re
import signal

import pytest
from members import nodes
from test_rotation import password, redis_says
from test_security_firewall import kept_out, member
from visits import load

from bench import stack
from tests.support.fleet import quote

pytestmark = pytest.mark.long

MANAGERS, WORKERS = ["manager-1", "manager-2", "manager-3"], ["worker-1", "worker-2"]
# What the registry says to a host that has a login.
ASK = """\
import http.client, ssl
context = ssl.create_default_context(cafile="/etc/docker/certs.d/{host}:5000/ca.crt")
connection = http.client.HTTPSConnection("{host}", 5000, timeout=30, context=context)
connection.request("GET", "/v2/", headers={{"Authorization": "Basic {login}"}})
print(connection.getresponse().status)
"""


@pytest.fixture(scope="module")
def five(serving):
    """Three managers and two workers that serve."""
    return serving("five", 5, managers=3)


def login_of(fleet, host):
    (entry,) = json.loads(fleet.on(host, "cat /root/.docker/config.json"))["auths"].values()
    return entry["auth"]


def token(fleet, role):
    return fleet.on(fleet.manager, f"docker swarm join-token --quiet {role}").strip()


def registry_says(fleet, host, login):
    script = ASK.format(host=fleet.addresses[fleet.manager], login=login)
    return int(fleet.on(host, f"python3 -c {quote(script)}"))


@contextlib.contextmanager
def firewall_open(fleet, address):
    """Let a host in meanwhile, on the manager that serves the registry, so that nothing but what it has is refused."""
    rule = f"PREROUTING -s {address} -j ACCEPT"
    fleet.on(fleet.manager, f"iptables -t raw -I {rule}")
    try:
        yield
    finally:
        fleet.on(fleet.manager, f"iptables -t raw -D {rule}")


def refuses_all_that_it_had(fleet, host, had, refusal):
    """Expect that a host reaches nothing, and that with a way to a manager nothing that it had is taken.

    :param had: its join token, its login to the registry, Redis' password
    :param refusal: what is said to the token
    """
    joining, login, secret = had
    for other in fleet.addresses:
        assert member(fleet, host).knock(other, fleet.addresses[other]) == kept_out(fleet, other), other
    with firewall_open(fleet, fleet.address_of(host)):
        assert registry_says(fleet, host, login) == 401
        fleet.on(host, "docker swarm leave --force", check=False)
        address = fleet.addresses[fleet.manager]
        said = fleet.on(host, f"timeout 60 docker swarm join --token {joining} {address}:2377 2>&1", check=False)
        assert refusal in said
    assert "PONG" not in redis_says(fleet, secret)
    assert redis_says(fleet, password(fleet)).startswith("PONG")
    other = next(name for name in fleet.addresses if name != fleet.manager)
    assert registry_says(fleet, other, login) == 401
    assert registry_says(fleet, other, login_of(fleet, other)) == 200
    found = nodes(fleet, fleet.manager)
    assert {name: node["state"] for name, node in found.items()} == dict.fromkeys(fleet.addresses, "ready")


def evict(fleet, host):
    return fleet.play("-e", f"host={host}", playbook="playbooks/evict.yml")


def test_host_of_the_inventory_is_not_evicted(five):
    evict(five, "worker-2").refused()
    assert "worker-2" in nodes(five, "manager-1")


def test_stolen_worker_is_cut_off_and_no_request_to_the_others_fails(five):
    (home,) = five.nodes_of("redis")
    host = next(name for name in reversed(WORKERS) if name != home)
    assert host in five.nodes_of(stack.WEB)
    had = token(five, "worker"), login_of(five, host), password(five)
    assert registry_says(five, host, had[1]) == 200
    five.set_hosts(MANAGERS, [name for name in WORKERS if name != host])
    with load(five):
        run = evict(five, host).succeeded()
    print(run.output)
    assert f"{host} is cut off" in run.output
    assert "Only you can rotate:" in run.output
    assert "Stays valid for a while:" in run.output
    five.assert_serving()
    refuses_all_that_it_had(five, host, had, "A valid join token is necessary")
    five.play().unchanged()


def test_stolen_manager_is_cut_off_by_a_run_that_was_killed_and_the_next_one(five, tmp_path):
    host = "manager-3"
    had = token(five, "manager"), login_of(five, host), password(five)
    authority = five.on("manager-1", "docker swarm ca")
    workers = [name for name in five.addresses if name.startswith("worker")]
    five.set_hosts(MANAGERS[:2], workers)
    with load(five):
        with five.begin(tmp_path / "killed.log", "-e", f"host={host}", playbook="playbooks/evict.yml") as killed:
            killed.wait_for("TASK [flotilla.swarm.registry : Server account")
            killed.signal(signal.SIGKILL)
        assert host not in nodes(five, "manager-1")
        # The node has gone, so its ID stands for it.
        note = re.search(rf"eviction of {host}, .* -e host=(\w+) ends it", five.play("--check").output)
        evict(five, note[1]).succeeded()
    assert five.on("manager-1", "docker swarm ca") != authority
    five.assert_serving()
    # A token names the CA, too.
    refuses_all_that_it_had(five, host, had, "remote CA does not match fingerprint")
    five.play().unchanged()
