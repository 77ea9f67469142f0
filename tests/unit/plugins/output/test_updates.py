"""Updates that wait are told, hosts with the same together."""

import time
from datetime import date, timedelta

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import Unreachable, read_observed
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.updates import find_updates, lines

HOSTS = ["m1", "w1", "w2"]
NOW = int(time.time())


def told(**upgrades):
    """The lines about hosts that say this of themselves, and others that say nothing."""
    found = sites.converged_site()
    for name, each in upgrades.items():
        found[name]["observation"]["upgrades"] = {"lists_at": NOW, **each}
    return lines(find_updates({name: read_observed(name, host["observation"]) for name, host in found.items()}), HOSTS)


def test_nothing_is_told_where_nothing_waits():
    assert told(m1={}, w1={}, w2={}) == []


def test_hosts_with_the_same_are_told_together():
    new = {"packages": {"runc": "1.2", "containerd": "1.8"}}
    assert told(m1=new, w1={**new, "reboot": "libc6 asks for it"}, w2=new) == [
        "Updates wait (playbooks/upgrade.yml):",
        "  all 3 hosts: security updates of containerd, runc",
        "  w1: a reboot (libc6 asks for it)",
        "",
    ]


def test_images_are_told_by_their_service():
    old = {"images": {"hello_web": ["openssl", "libc6"]}}
    assert told(m1=old, w1={"images": {"hello_redis": ["libc6"]}}, w2=old) == [
        "Images have packages with security updates (docs/releases.md, Renew images):",
        "  hello_web: security updates of libc6, openssl",
        "  hello_redis: security updates of libc6",
        "",
    ]


def test_release_that_ends_soon_is_told():
    soon = {"support_ends": str(date.today() + timedelta(80))}
    found = told(m1=soon, w1={"support_ends": str(date.today() + timedelta(100))}, w2=soon)
    assert found == ["Security updates end:", f"  m1, w2: its release gets none after {soon['support_ends']}", ""]


def test_many_packages_are_a_number():
    found = told(w1={"packages": {f"lib{number}": "1" for number in range(8)}})
    assert found[1] == "  w1: security updates of lib0, lib1, lib2, lib3, lib4 and 3 more"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"unknown": "E: dpkg was interrupted"}, "apt cannot tell (E: dpkg was interrupted)"),
        (
            {"lists_at": NOW - 12 * 24 * 3600},
            "its lists of packages are 12 days old, so newer updates are not known",
        ),
    ],
)
def test_what_is_not_known_is_told(given, text):
    assert told(w1=given)[1] == f"  w1: {text}"


def test_host_that_is_away_is_left_out():
    assert find_updates({"w1": Unreachable("no route")}) == ()
