"""Hosts that are unfit, or in the inventory twice."""

import re
from pathlib import Path

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.checks.hosts import RULES
from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts.systems import ENGINE, SYSTEMS
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.problem import find

from tests.support.problems import told


def converged(**changes):
    """One good host with changes to what was observed of its system."""
    host = sites.hosts(["m1"], lambda address, number: sites.converged(address, f"node-{number}", True))["m1"]
    host["observation"]["system"].update(changes)
    return host


def problems(*addresses, **hosts):
    addresses = dict(zip(hosts, addresses or [f"10.0.0.{number}" for number in range(1, 9)], strict=False))
    site = sites.site(managers=["m1"], workers=[name for name in hosts if name != "m1"])
    return told(find(sites.facts(site, hosts, addresses), RULES))


def test_engine_that_is_upgraded_unattended_is_a_problem():
    host = converged()
    host["observation"]["unattended"] = ["docker.io", "docker-ce", "containerd"]
    assert problems(m1=host) == ["engine-unattended: m1"]
    host["observation"].update(unattended=["docker.io", "runc"], held=["docker.io"])
    assert problems(m1=host) == ["engine-unattended: m1"]
    host["observation"]["unattended"] = ["docker.io", "docker-ce", "containerd.io"]
    assert problems(m1=host) == []


def test_bare_host_is_judged_by_the_source_that_is_set():
    host = converged()
    host["observation"]["packages"] = dict.fromkeys(host["observation"]["packages"])
    host["observation"].update(unattended=["containerd", "runc"], engine=None)
    assert "engine-unattended: m1" in problems(m1=host)
    host["desired"]["docker_engine"]["source"] = "vendor"
    assert "engine-unattended: m1" not in problems(m1=host)


def test_good_hosts_are_no_problem():
    assert problems(m1=converged()) == []


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ({"distribution": "fedora 43"}, "host-system"),
        ({"memory_mib": 480}, "host-memory"),
        ({"disk_free_mib": 100}, "host-disk"),
    ],
)
def test_unfit_hosts_are_named(system, code):
    assert problems(m1=converged(**system)) == [f"{code}: m1"]


def test_missing_module_old_engine_and_live_restore_are_named():
    host = converged()
    host["observation"]["modules"]["ip_vs"] = "missing"
    host["observation"]["engine"]["version"] = "20.10.24+dfsg1"
    host["desired"]["docker"]["files"]["/etc/docker/daemon.json"]["text"] = '{"live-restore": true}'
    assert problems(m1=host) == [
        "host-kernel: m1",
        "engine-too-old: m1",
        "setting-conflict: docker_daemon_options, m1",
    ]


def test_what_hosts_must_have_for_themselves_is_named():
    hosts = {"m1": converged(), "w1": converged(machine_id="other"), "w2": converged(hostname="other")}
    assert problems("10.0.0.1", "10.0.0.1", "10.0.0.3", **hosts) == [
        "host-not-unique: machine-id, m1, w2",
        "host-not-unique: host name, m1, w1",
        "host-not-unique: address, m1, w1",
    ]


def test_one_machine_under_two_names_is_one_problem():
    assert problems("10.0.0.1", "10.0.0.1", m1=converged(), w1=converged()) == ["host-duplicate: m1, w1"]


def test_same_problem_of_several_hosts_is_told_once():
    small = {name: converged(memory_mib=480, machine_id=name, hostname=name) for name in ("m1", "w1")}
    assert problems(**small) == ["host-memory: m1, w1"]


def test_documented_systems_are_those_that_are_checked():
    rows = re.findall(
        r"^\| ([\w-]+ \d+(?:\.\d+)?) \| (accepted, not )?proven:", Path("docs/engine.md").read_text(), re.M
    )
    assert {name: not unproven for name, unproven in rows} == {name: each.proven for name, each in SYSTEMS.items()}


def test_documented_engine_is_the_one_that_is_checked():
    assert f"| Docker {ENGINE} or newer |" in Path("docs/engine.md").read_text()
