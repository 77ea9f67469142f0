"""An engine that was reloaded is believed only where it says that it has its settings."""

import json
from pathlib import Path

import pytest
import yaml
from ansible_collections.flotilla.swarm.plugins.module_utils.engine_reload import RELOADABLE, not_taken_up

# As Docker 26.1 answered, with the four set.
INFO = json.loads("""
{
  "Debug": true,
  "Labels": ["rack=r1", "disk=ssd"],
  "RegistryConfig": {
    "IndexConfigs": {
      "docker.io": {"Name": "docker.io", "Mirrors": ["http://10.0.0.9:5000/"], "Secure": true, "Official": true},
      "reg:5000": {"Name": "reg:5000", "Mirrors": [], "Secure": false, "Official": false}
    },
    "InsecureRegistryCIDRs": ["10.0.0.0/8", "::1/128", "127.0.0.0/8"],
    "Mirrors": ["http://10.0.0.9:5000/"]
  }
}
""")
SETTINGS = {
    "debug": True,
    "labels": ["disk=ssd", "rack=r1"],
    "insecure-registries": ["http://reg:5000", "10.1.2.3/8"],
    "registry-mirrors": ["http://10.0.0.9:5000"],
}
NOTHING = {
    "Debug": False,
    "Labels": None,
    "RegistryConfig": {"IndexConfigs": {}, "InsecureRegistryCIDRs": None, "Mirrors": None},
}


def test_settings_that_the_engine_has_are_taken_up():
    assert not_taken_up(SETTINGS, INFO) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("debug", False),
        ("labels", ["rack=r1"]),
        ("labels", ["rack=r1", "disk=ssd", "more=1"]),
        ("insecure-registries", ["reg:5000"]),
        ("insecure-registries", ["reg:5000", "10.0.0.0/8", "other:5000"]),
        ("registry-mirrors", []),
        ("registry-mirrors", ["http://10.0.0.9:5001"]),
    ],
)
def test_settings_that_it_does_not_have_are_named(key, value):
    assert not_taken_up({**SETTINGS, key: value}, INFO) == [key]


def test_engine_without_any_of_them_is_understood():
    assert not_taken_up(SETTINGS, NOTHING) == [*RELOADABLE]
    assert not_taken_up({"log-level": "warn"}, NOTHING) == []


def test_plan_counts_on_a_reload_for_what_can_be_asked_for_alone():
    desired = yaml.safe_load(Path("roles/docker/vars/main.yml").read_text())["__docker_desired"]
    assert desired["reloadable"] == sorted(RELOADABLE)
