"""From bare hosts to the serving stack and back, in the order that a user would do it, on one fleet.

Each test goes on where the one before it left the fleet.
"""

import os
import re
import subprocess

import pytest

from bench import stack
from tests.support.fleet import Fleet, replica, visits
from tests.support.runs import REPOSITORY, Run
from tests.support.stack import stack_with
from tests.support.wait import wait_until

# Patterns, not secrets: join tokens, private keys, and the bcrypt hash of the registry's password, in no output.
SECRET_SHAPES = re.compile(r"SWMTKN-1-\w{20}|SWMKEY-1-|PRIVATE KEY-{5}|\$2[aby]\$")

# Another fleet may be named to work on one topic; make test names none, and so skips nothing.
needs_bare_hosts = pytest.mark.skipif("FLOTILLA_FLEET" in os.environ, reason="the named fleet was not bare")


@pytest.fixture(scope="module")
def fleet(first_run):
    """The fleet of the first run."""
    first_run.succeeded()
    return Fleet(os.environ.get("FLOTILLA_FLEET", "molecule"))


def plans(output):
    """What each run of an output planned."""
    return [Run(0, part).changes for part in output.split("\nPlan:\n")[1:]]


@needs_bare_hosts
def test_molecule_brings_bare_hosts_to_the_page_as_its_check_had_told(fleet, first_run):
    checked, converged = plans(first_run.output)
    assert {act.split()[0] for act in checked} == {"docker", "firewall", "swarm", "registry", "image", "stack"}
    assert checked == converged
    fleet.assert_serving()


def test_bad_input_is_one_report_and_changes_nothing(fleet):
    run = fleet.play("-e", stack.option(timeout="soon"), "-e", "docker_daemon_option=x", "-e", "registry_url=reg")
    run.refused(
        "setting-unknown: docker_daemon_option, all 3 hosts",
        "setting-invalid: stacks: hello.timeout, all 3 hosts",
        "setting-invalid: registry_url",
    )
    assert "docker_daemon_options?" in run.output


def test_every_node_serves_all_replicas_and_one_count(fleet):
    pages = [fleet.page(address) for address in fleet.addresses.values() for _ in range(2 * stack.REPLICAS)]
    assert len({replica(page) for page in pages}) == stack.REPLICAS
    counts = [visits(page) for page in pages]
    assert counts == list(range(counts[0], counts[0] + len(pages)))


def test_output_of_the_whole_run_holds_no_secret(fleet, first_run):
    registry_password = fleet.on("manager-1", "cat /etc/flotilla/registry_password").strip()
    web, *_others = fleet.containers("manager-1", stack.WEB)
    redis_password = fleet.on("manager-1", f"docker exec {web} cat /run/secrets/redis_password").strip()
    tokens = fleet.on("manager-1", "docker swarm join-token -q worker; docker swarm join-token -q manager").split()
    assert len(registry_password) == 32
    assert len(redis_password) == 40
    for secret in (registry_password, redis_password, *tokens):
        assert secret not in first_run.output
    assert not SECRET_SHAPES.search(first_run.output)


def test_second_run_changes_nothing_and_does_little(fleet):
    run = fleet.play().unchanged()
    assert max(run.tasks[name] for name in ("worker-1", "worker-2")) <= 2
    assert run.tasks["manager-1"] <= 6


def test_check_on_the_serving_site_finds_nothing(fleet):
    fleet.play("--check", "--diff").unchanged()


def test_status_finds_no_problem(fleet):
    told = fleet.play(playbook="playbooks/status.yml").told().output
    assert "No problem found, and all is as the inventory says." in told
    assert "Plan:" not in told
    assert [name for name in fleet.addresses if name not in told] == []


def test_second_operator_with_a_fresh_clone_changes_nothing(fleet, tmp_path):
    subprocess.run(["git", "clone", "--quiet", REPOSITORY, tmp_path / "clone"], check=True)
    fleet.play(clone=tmp_path / "clone").unchanged()


def test_web_task_stays_small_under_load(fleet):
    """Of its 50 MB at most 40 MiB are a task's own: the kernel could not take them back.

    `docker stats` also counts pages of the image's files, as many as there is room for, in the task that reads them.
    """
    visit = f"for i in $(seq 200); do curl -s -o /dev/null http://$0:{stack.PORT}/; done"
    fleet.command("exec", "--", "sh", "-c", visit, fleet.addresses["worker-2"])
    memory = "cat memory.max; awk '/^anon / {print $2}' memory.stat"
    tasks = 0
    for host in fleet.addresses:
        ids = " ".join(fleet.containers(host, stack.WEB))
        told = fleet.on(host, f"for id in {ids}; do cd /sys/fs/cgroup/system.slice/docker-$id.scope; {memory}; done")
        numbers = [int(number) for number in told.split()]
        for limit, used in zip(numbers[::2], numbers[1::2], strict=True):
            assert limit == 50 * 2**20
            assert used < 40 * 2**20
            tasks += 1
        assert "Memory cgroup out of memory" not in fleet.on(host, "dmesg")
    assert tasks >= stack.REPLICAS


def test_probes_leave_no_process_behind(fleet):
    def are_clean():
        zombies = [fleet.on(host, "ps -eo stat=,ppid=,pid=,comm= | grep ^Z || :") for host in fleet.addresses]
        print(*filter(None, zombies))
        return not any(zombies)

    # Each replica has had a probe. What has just ended is a zombie for a moment, too.
    wait_until(are_clean, 60)


def test_command_runs_in_a_task_and_its_exit_code_comes_through(fleet):
    words = ("-e", f"service={stack.WEB}", "-e", "task=2", "-e")
    run = fleet.play(*words, "command='sh -c \"id -u; exit 3\"'", playbook="playbooks/exec.yml")
    assert "\n10001\n" in run.output
    assert (run.code, "ended with exit code 3" in run.words) == (2, True)
    assert fleet.play(*words, "command='sh -c exit'", playbook="playbooks/exec.yml").code == 0


def test_task_of_its_own_has_what_the_service_has_and_is_gone_afterwards(fleet):
    command = "command='sh -c \"test -r /run/secrets/redis_password && id -u; exit 3\"'"
    run = fleet.play("-e", f"service={stack.WEB}", "-e", command, playbook="playbooks/run.yml")
    assert "\n10001\n" in run.output
    assert (run.code, "ended with exit code 3" in run.words) == (2, True)
    assert set(fleet.services()) == set(stack.SERVICES)
    fleet.play().unchanged()


def test_logs_of_all_nodes_are_shown(fleet):
    run = fleet.play("-e", f"service={stack.WEB}", playbook="playbooks/logs.yml")
    lines = re.findall(r"^\S+Z  (\S+) on (\S+) \| ", run.output, re.MULTILINE)
    assert {node for _task, node in lines} == {*fleet.addresses}


def test_replicas_follow_one_number_and_only_the_stack_changes(fleet, tmp_path):
    fewer = {stack.WEB: {"deploy": {"replicas": 2}}}
    run = fleet.play("-v", "-e", stack_with(tmp_path, **fewer)).succeeded()
    fleet.assert_serving(**{stack.WEB: 2})
    assert [run.changed[name] for name in ("worker-1", "worker-2")] == [0, 0]
    ran = set(re.findall(r"^PLAY \[(.+?)\] \*+\n(?!skipping: no hosts matched)", run.output, re.MULTILINE))
    assert {"Observe every host and plan", "Deploy the stack", "See the page through every node", "Report"} <= ran
    others = ("Docker", "swarm", "manager", "worker", "dead", "registry", "images", "Retire")
    assert [play for play in ran if any(word in play for word in others)] == []
    fleet.play().succeeded()
    fleet.assert_serving()
