"""What differs on a host is a change of the role that wants it."""

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts.state import compare
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.desired import File, Role
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import read_observed

ROLE = Role(
    packages=("docker-registry",),
    files={"/etc/registry.yml": File(text="x", mode="0644")},
    services=("docker-registry",),
    settings=("/etc/registry.yml",),
    modules=("ip_vs",),
)


def changes(**service):
    """What a role changes on a host whose service is so, and which has nothing else of it."""
    observed = sites.bare("10.0.0.1")
    observed["packages"]["docker-registry"] = None
    observed["files"]["/etc/registry.yml"] = None
    observed["services"]["docker-registry"] = {
        "active": False,
        "failed": False,
        "enabled": False,
        "started": 0,
        "replaced": False,
        **service,
    }
    return [change.text for change in compare(ROLE, read_observed("r1", observed))]


@pytest.mark.parametrize(
    ("service", "text"),
    [
        ({}, "start docker-registry"),
        ({"active": True}, "enable docker-registry at boot"),
        ({"active": True, "enabled": True}, "restart docker-registry, which runs with older settings"),
        (
            {"active": True, "enabled": True, "replaced": True},
            "restart docker-registry, whose package was upgraded after it started",
        ),
    ],
)
def test_changes_are_in_the_order_of_doing(service, text):
    assert changes(**service) == [
        "write /etc/registry.yml",
        "load kernel modules ip_vs",
        "install docker-registry",
        text,
    ]


def test_login_in_the_address_of_a_proxy_is_in_no_diff():
    role = Role(files={"/etc/docker/daemon.json": File(text='"http://me:word@proxy:3128"', mode="0600")})
    observed = sites.bare("10.0.0.1")
    observed["files"]["/etc/docker/daemon.json"] = None
    (change,) = compare(role, read_observed("r1", observed))
    assert change.after == '"http://***@proxy:3128"'
