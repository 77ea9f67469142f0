"""A visit whose number was shown is never lost: whatever is killed meanwhile, the counter goes on from there."""

import contextlib
import json
import time

import pytest
from visits import visiting

from bench import stack
from tests.support.fleet import visits as count_of
from tests.support.wait import wait_until

# Long enough for a host that boots and for five replicas that start at a tenth of a CPU.
LONGEST = 420


def holder(fleet):
    """The host that has Redis' data."""
    listed = json.loads(fleet.on(fleet.manager, "docker node inspect $(docker node ls -q)"))
    (node,) = (node for node in listed if "flotilla.volume.hello_redis-data" in node["Spec"]["Labels"])
    return node["Description"]["Hostname"]


def counted(fleet):
    """Ask all nodes until each shows a count; return the last one and the seconds that this took."""
    begin = time.monotonic()

    def page(address):
        shown = fleet.page(address)
        return "" if "Visits:</b> <i>" in shown else shown

    for address in fleet.addresses.values():
        last = wait_until(lambda address=address: page(address), begin + LONGEST - time.monotonic(), pause=0)
    return count_of(last), time.monotonic() - begin


@contextlib.contextmanager
def nothing_lost(fleet, what):
    """Visit all nodes while the context breaks something, then until all count again; each count is above the last."""
    with visiting(fleet) as visits:
        visits.await_counts(len(fleet.addresses))
        begin = time.monotonic()
        yield visits
        counted(fleet)
        print(f"{what}: all nodes count again after {time.monotonic() - begin:.0f} s")
        visits.await_counts(4 * len(fleet.addresses))
    assert visits.counts == sorted(set(visits.counts))


def processes(fleet, host, name):
    return fleet.on(host, f"pgrep -x {name} | sort || :").split()


def kill(fleet, host, name):
    """Kill processes as the kernel would when memory is short."""
    before = processes(fleet, host, name)
    assert before
    fleet.on(host, f"kill -KILL {' '.join(before)}")
    assert not set(before) & set(processes(fleet, host, name))


def await_redis(fleet, size):
    wait_until(lambda: fleet.services()["redis"] == size, LONGEST)


def test_killed_redis_loses_no_visit(fleet):
    with nothing_lost(fleet, "Redis killed"):
        kill(fleet, holder(fleet), "redis-server")


def test_without_redis_every_node_answers_and_later_counts_by_itself(fleet):
    before, _ = counted(fleet)
    fleet.scale("redis", 0)
    try:
        await_redis(fleet, "0/0")
        for address in list(fleet.addresses.values()) * 3:
            assert "counter disabled" in fleet.page(address)
    finally:
        fleet.scale("redis", 1)
    await_redis(fleet, "1/1")
    after, seconds = counted(fleet)
    print(f"Redis is back: all nodes count again after {seconds:.1f} s")
    assert after > before


@pytest.mark.long
def test_power_cut_of_the_redis_node_loses_no_visit(fleet):
    host = holder(fleet)
    with nothing_lost(fleet, "power cut of Redis' node") as visits:
        fleet.command("kill", host)
        visits.await_trouble()
        fleet.command("boot", host)
    fleet.play().succeeded()


@pytest.mark.long
def test_killed_engine_loses_no_visit(fleet):
    with nothing_lost(fleet, "engine of Redis' node killed"):
        kill(fleet, holder(fleet), "dockerd")
    fleet.play().succeeded()


@pytest.mark.long
def test_all_web_tasks_killed_lose_no_visit(fleet):
    with nothing_lost(fleet, "every web task killed"):
        for host in fleet.addresses:
            fleet.on(host, f"echo {' '.join(fleet.containers(host, stack.WEB))} | xargs -r docker kill")
    fleet.play().succeeded()


@pytest.mark.long
def test_power_cut_of_all_hosts_loses_no_visit(fleet):
    with nothing_lost(fleet, "power cut of all hosts"):
        for host in fleet.addresses:
            fleet.command("kill", host)
        fleet.command("up", str(len(fleet.addresses)))
    fleet.play().succeeded()


@pytest.mark.long
def test_damaged_append_only_file_is_named_and_repaired_as_the_handbook_says(fleet):
    host, (before, _) = holder(fleet), counted(fleet)
    folder = "/var/lib/docker/volumes/hello_redis-data/_data/appendonlydir"
    fleet.scale("redis", 0)
    await_redis(fleet, "0/0")
    # Writes that the file has twice, with garbage between: damage in its middle, and the count of before at its end.
    file = fleet.on(host, f"ls {folder}/*.incr.aof | tail -n 1").strip()
    fleet.on(host, f"cp {file} /root/whole && printf 'garbage\\r\\n' >>{file} && cat /root/whole >>{file}")
    run = fleet.play()
    assert run.code != 0
    for words in ("tasks of redis start again and again", "redis-check-aof --fix", "docs/data.md"):
        assert words in run.output
    assert "not at its size in time" not in run.output
    image = fleet.on(
        fleet.manager, "docker service inspect -f '{{.Spec.TaskTemplate.ContainerSpec.Image}}' hello_redis"
    ).strip()
    fleet.on(
        host,
        "docker run --rm -i --user 999:999 --network none -v hello_redis-data:/data --entrypoint sh "
        f"{image} -c 'cd /data/appendonlydir && yes | redis-check-aof --fix appendonly.aof.manifest'",
    )
    fleet.play().succeeded()
    assert counted(fleet)[0] > before
