"""An engine that was reloaded is believed only where it says that it has its settings."""

import json
from pathlib import Path

import pytest
import yaml
from ansible_collections.flotilla.swarm.plugins.module_utils.engine_reload import RELOADABLE, not_taken_up

# As Docker 26.1 answered, with both set.
INFO = json.loads("""
{
  "RegistryConfig": {
    "IndexConfigs": {
      "docker.io": {"Name": "docker.io", "Mirrors": ["http://10.0.0.9:5000/"], "Secure": true, "Official": true},
      "reg:5000": {"Name": "reg:5000", "Mirrors": [], "Secure": false, "Official": false}
    },
    "InsecureRegistryCIDRs": ["10.0.0.0/8", "127.0.0.0/8"],
    "Mirrors": ["http://10.0.0.9:5000/", "http://10.0.0.8:5000/"]
  }
}
""")
SETTINGS = {
    "insecure-registries": ["http://reg:5000", "10.1.2.3/8"],
    "registry-mirrors": ["http://10.0.0.9:5000", "http://10.0.0.9:5000/", "http://10.0.0.8:5000"],
}
NOTHING = {
    "RegistryConfig": {"IndexConfigs": {}, "InsecureRegistryCIDRs": None, "Mirrors": None},
}


def test_settings_that_the_engine_has_are_taken_up():
    assert not_taken_up([*SETTINGS], SETTINGS, INFO) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("insecure-registries", ["reg:5000"]),
        ("insecure-registries", ["reg:5000", "10.0.0.0/8", "other:5000"]),
        ("insecure-registries", ["http://reg:5000/", "10.0.0.0/8"]),
        ("registry-mirrors", ["http://10.0.0.9:5000"]),
        ("registry-mirrors", ["http://10.0.0.8:5000", "http://10.0.0.9:5000"]),
    ],
)
def test_settings_that_it_does_not_have_are_named(key, value):
    assert not_taken_up([*SETTINGS], {**SETTINGS, key: value}, INFO) == [key]


@pytest.mark.parametrize("told", ["127.0.0.0/8", "::1/128"])
def test_networks_of_the_host_itself_are_no_matter_of_settings(told):
    """Engines differ in which of them they tell."""
    registries = INFO["RegistryConfig"] | {"InsecureRegistryCIDRs": ["10.0.0.0/8", told]}
    info = INFO | {"RegistryConfig": registries}
    assert not_taken_up(["insecure-registries"], SETTINGS, info) == []
    settings = {"insecure-registries": [*SETTINGS["insecure-registries"], "127.0.0.0/8"]}
    assert not_taken_up(["insecure-registries"], settings, info) == []


def test_engine_without_any_of_them_is_understood_and_asked_for_those_that_changed():
    assert not_taken_up([*SETTINGS], SETTINGS, NOTHING) == [*SETTINGS]
    assert not_taken_up(["registry-mirrors"], SETTINGS, NOTHING) == ["registry-mirrors"]


def test_plan_counts_on_a_reload_for_what_can_be_asked_for_alone():
    desired = yaml.safe_load(Path("roles/docker/vars/main.yml").read_text())["__docker_desired"]
    assert desired["reloadable"] == sorted(RELOADABLE)
