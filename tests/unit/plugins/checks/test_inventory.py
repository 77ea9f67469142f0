"""Bad input gets one clear sentence each."""

import re
from pathlib import Path

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.checks import inventory as checks
from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts.systems import ENGINE, SYSTEMS

OPTIONS = checks.load_specs("roles")
GOOD = {"managers": ["m1"], "workers": ["w1"], "swarm": ["m1", "w1"], "registry": ["m1"]}


def test_good_groups_are_no_problem():
    assert checks.check_groups(GOOD) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"managers": [], "swarm": ["w1"]}, "group managers is empty, wanted is at least one host"),
        ({"workers": ["m1", "w1"]}, "m1 is in managers and in workers"),
        ({"swarm": ["m1", "w1", "x1"]}, "x1 is in swarm, but neither in managers nor in workers"),
        ({"removed": ["w1"]}, "w1 is in removed and in swarm, wanted is one of them"),
        ({"registry": ["r1"], "removed": ["r1"]}, "r1 is in removed, but serves the registry; put another host into"),
        ({"registry": ["m1", "w1"]}, "group registry has m1, w1, wanted is one host or none"),
        ({"worker": ["w2"]}, "w2 in group worker, wanted is perhaps workers; see inventory/hosts.yml"),
    ],
)
def test_bad_groups_are_named(change, problem):
    (found,) = checks.check_groups({**GOOD, **change})
    assert found.startswith(problem)


def test_limit_that_leaves_hosts_out_is_refused():
    groups = {**GOOD, "removed": ["x1"]}
    assert checks.check_limit(groups, ["m1", "w1", "x1"]) == []
    (found,) = checks.check_limit(groups, ["m1"])
    assert found.startswith("--limit leaves out w1, x1; a plan needs all hosts of the inventory")


def test_variables_of_others_are_left_alone():
    assert checks.own_names(["ansible_user", "my_docker", "docker_x"], OPTIONS) == {"docker_x"}


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("docker_deamon_options", {}, "no variable docker_deamon_options; did you mean docker_daemon_options? (m1)"),
        ("stack_quux", 1, "flotilla has no variable stack_quux; docs/variables.md lists all (m1)"),
        ("stack_timeout", 0, "stack_timeout is 0, wanted is at least 1 (m1)"),
        ("stack_timeout", "soon", "argument 'stack_timeout' is of type str"),
        ("swarm_node_role", "boss", "value of swarm_node_role must be one of: manager, worker, got: boss (m1)"),
        ("docker_daemon_options", ["x"], "argument 'docker_daemon_options' is of type list"),
    ],
)
def test_bad_variables_are_named(name, value, problem):
    (found,) = checks.check_variables({"m1": {name: value}, "w1": {}}, OPTIONS)
    assert problem in found


def test_same_problem_of_all_hosts_is_told_once():
    found = checks.check_variables({"m1": {"stack_quux": 1}, "w1": {"stack_quux": 1}}, OPTIONS)
    assert found == ["flotilla has no variable stack_quux; docs/variables.md lists all (all hosts)"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"registry_url": ""}, "registry_url is empty and no host is in group registry"),
        ({"registry_url": "https://reg/v2"}, "registry_url is https://reg/v2, wanted is host:port, host.domain"),
        ({"builders": ["elsewhere"]}, "image_builder is elsewhere, wanted is a host of group swarm"),
        (
            {"stack": {**sites.site()["stack"], "name": "shop.v2"}},
            "stack_name is 'shop.v2', wanted are letters and digits, with - and _ between them",
        ),
        (
            {"stack": {**sites.site()["stack"], "release": 3}},
            "stack_release is 3, which only playbooks/rollback.yml takes",
        ),
        (
            {"scope": "rollback", "stack": {**sites.site()["stack"], "rotate": ["redis_password"]}},
            "stack_rotate is ['redis_password'], which playbooks/rollback.yml does not take",
        ),
        (
            {"stack": {**sites.site()["stack"], "timeout": 1201}},
            "stack_timeout is 1201, wanted is at most 1200: a run that does not renew its lock for 1800 s loses it",
        ),
    ],
)
def test_bad_site_is_named(change, problem):
    assert checks.check_site(sites.site()) == []
    (found,) = checks.check_site({**sites.site(), **change})
    assert found.startswith(problem)


def settled(**changes):
    """One good host with changes to what was seen of its system."""
    host = sites.hosts(["m1"], lambda address, number: sites.settled(address, f"node-{number}", True))["m1"]
    host["seen"]["system"].update(changes)
    return host


def test_good_hosts_are_no_problem():
    assert checks.check_hosts({"m1": settled()}, {"m1": "10.0.0.1"}) == []


@pytest.mark.parametrize(
    ("system", "problem"),
    [
        ({"distribution": "fedora 43"}, "m1: its system is fedora 43, wanted is one of debian 13, ubuntu 24.04"),
        ({"memory_mib": 480}, "m1: it has 480 MiB of memory, wanted are at least 700"),
        ({"disk_free_mib": 100}, "m1: /var has 100 MiB free, wanted are at least 2000"),
    ],
)
def test_unfit_hosts_are_named(system, problem):
    (found,) = checks.check_hosts({"m1": settled(**system)}, {"m1": "10.0.0.1"})
    assert found.startswith(problem)


def test_missing_module_old_engine_and_live_restore_are_named():
    host = settled()
    host["seen"]["modules"]["ip_vs"] = "missing"
    host["seen"]["engine"]["version"] = "20.10.24+dfsg1"
    host["wanted"]["docker"]["files"]["/etc/docker/daemon.json"]["text"] = '{"live-restore": true}'
    found = checks.check_hosts({"m1": host}, {"m1": "10.0.0.1"})
    assert len(found) == 3
    for part, problem in zip(("lacks ip_vs", "engine is 20.10.24", "live-restore"), found, strict=True):
        assert part in problem


def test_what_hosts_must_have_for_themselves_is_named():
    hosts = {"m1": settled(), "w1": settled(machine_id="other"), "w2": settled(hostname="other")}
    found = checks.check_hosts(hosts, {"m1": "10.0.0.1", "w1": "10.0.0.1", "w2": "10.0.0.3"})
    assert [problem.split(";")[0] for problem in found] == [
        "m1 and w2 have the same machine-id 10.0.0.1",
        "m1 and w1 have the same host name 10.0.0.1",
        "m1 and w1 have the same address 10.0.0.1",
    ]


def test_one_machine_under_two_names_is_one_problem():
    found = checks.check_hosts({"m1": settled(), "w1": settled()}, {"m1": "10.0.0.1", "w1": "10.0.0.1"})
    assert found == ["m1 and w1 are the same machine; take one of them out of inventory/hosts.yml"]


def test_documented_systems_are_those_that_are_checked():
    rows = re.findall(r"^\| (\w+ \d+(?:\.\d+)?) \| (accepted, not )?proven:", Path("docs/engine.md").read_text(), re.M)
    assert {name: not unproven for name, unproven in rows} == {name: each.proven for name, each in SYSTEMS.items()}


def test_documented_engine_is_the_one_that_is_checked():
    assert f"| Docker {ENGINE} or newer |" in Path("docs/engine.md").read_text()
