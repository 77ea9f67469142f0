"""What differs on a host is a change of the role that wants it."""

import json

import pytest
import sites
from ansible_collections.flotilla.swarm.plugins.plugin_utils.hosts.state import compare, is_stale, reloads
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.desired import File, Role
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.observation import read_observed

ROLE = Role(
    packages=("docker-registry",),
    files={"/etc/registry.yml": File(text="x", mode="0644")},
    services=("docker-registry",),
    settings=("/etc/registry.yml",),
    modules=("ip_vs",),
)


OLDER = "restart docker-registry, which runs with older settings"


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
    ("service", "texts"),
    [
        ({}, ["start docker-registry"]),
        ({"active": True}, ["enable docker-registry at boot", OLDER]),
        ({"active": True, "enabled": True}, [OLDER]),
        (
            {"active": True, "enabled": True, "replaced": True},
            ["restart docker-registry, whose package was upgraded after it started"],
        ),
    ],
)
def test_changes_are_in_the_order_of_doing(service, texts):
    assert changes(**service) == [
        "write /etc/registry.yml",
        "load kernel modules ip_vs",
        "install docker-registry",
        *texts,
    ]


def test_login_in_the_address_of_a_proxy_is_in_no_diff():
    role = Role(files={"/etc/docker/daemon.json": File(text='"http://me:word@proxy:3128"', mode="0600")})
    observed = sites.bare("10.0.0.1")
    observed["files"]["/etc/docker/daemon.json"] = None
    (change,) = compare(role, read_observed("r1", observed))
    assert change.after == '"http://***@proxy:3128"'


SETTINGS = "/etc/docker/daemon.json"


def engine(before, after, *, mtime=100, **service):
    """A role docker that wants settings, and a host whose engine has started at 200 and whose file says others."""
    role = Role(
        files={SETTINGS: File(text=json.dumps(after), mode="0644")},
        services=("docker",),
        settings=(SETTINGS,),
        reloadable=("labels", "registry-mirrors"),
        flags_kept_by_reload=("-H", "--containerd"),
    )
    observed = sites.bare("10.0.0.1")
    observed["files"][SETTINGS] = sites.file_of(before if isinstance(before, str) else json.dumps(before), mtime=mtime)
    unit = {"active": True, "failed": False, "enabled": True, "started": 200, "replaced": False}
    observed["services"]["docker"] = unit | {"flags": ["-H", "--containerd"]} | service
    return role, read_observed("w1", observed)


@pytest.mark.parametrize(
    ("before", "after", "keys"),
    [
        ({}, {"labels": ["a=b"]}, ("labels",)),
        ({"labels": []}, {"labels": ["a=b"]}, ("labels",)),
        (
            {"labels": [], "log-level": "warn"},
            {"log-level": "warn", "labels": ["a=b"], "registry-mirrors": ["http://m"]},
            ("labels", "registry-mirrors"),
        ),
    ],
    ids=["added", "changed", "two beside one that stays"],
)
def test_what_an_engine_takes_up_by_a_reload_restarts_none(before, after, keys):
    role, observed = engine(before, after)
    assert reloads(role, observed) == keys
    assert [change.text for change in compare(role, observed)] == [
        f"correct {SETTINGS}",
        f"let docker take up {', '.join(keys)}, which needs no restart",
    ]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"labels": ["a=b"]}, {}, {}),
        ({"labels": ["a=b"]}, {"labels": []}, {}),
        ({"labels": ["a=b"]}, {"labels": None}, {}),
        ({}, {"labels": ["a=b"], "log-level": "warn"}, {}),
        ({"log-level": "warn"}, {"labels": ["a=b"]}, {}),
        ({}, {"labels": ["a=b"]}, {"mtime": 201}),
        ({}, {"labels": ["a=b"]}, {"replaced": True}),
        ({}, {"labels": ["a=b"]}, {"flags": ["-H", "--authorization-plugin"]}),
        ("{", {"labels": ["a=b"]}, {}),
        ("{ }", {}, {}),
    ],
    ids=[
        "removed",
        "emptied",
        "null",
        "beside another",
        "another removed",
        "newer file",
        "replaced",
        "flag of its own",
        "damaged file",
        "other spaces",
    ],
)
def test_what_a_reload_does_not_bring_restarts_an_engine(before, after, found):
    role, observed = engine(before, after, **found)
    assert reloads(role, observed) == ()
    assert is_stale(role, observed)


def test_an_engine_that_does_not_run_reads_its_settings_when_it_starts():
    role, observed = engine({}, {"labels": ["a=b"]}, active=False, started=0)
    assert reloads(role, observed) == ()
    assert not is_stale(role, observed)
