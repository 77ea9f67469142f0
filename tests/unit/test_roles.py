"""Every role's defaults and argument specs say the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge.role_variables import add_roles

ROLES = sorted(path.parent.parent for path in Path("roles").glob("*/defaults/main.yml"))


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_defaults_and_specs_are_equal(role):
    defaults = yaml.safe_load((role / "defaults/main.yml").read_text())
    options = yaml.safe_load((role / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    assert {name: option.get("default") for name, option in options.items()} == defaults


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_variables_carry_the_roles_prefix(role):
    names = yaml.safe_load((role / "defaults/main.yml").read_text())
    assert [name for name in names if not name.startswith(f"{role.name}_") and name not in ("stack", "stacks")] == []


def test_an_entry_of_the_stacks_has_settings_of_its_spec():
    entry = yaml.safe_load(Path("roles/stack/meta/stacks.yml").read_text())["options"]
    for source in ("roles/stack/defaults/main.yml", "inventory/group_vars/all/stacks.yml"):
        (shipped,) = yaml.safe_load(Path(source).read_text())["stacks"].values()
        assert shipped.keys() <= entry.keys()


@pytest.mark.parametrize("page", ["variables", "compose"])
def test_page_that_a_tool_writes_is_current(page):
    done = subprocess.run([sys.executable, f"tools/document-{page}", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}}),
        (
            {"log-opts": {"max-size": "50m"}},
            {"log-driver": "json-file", "log-opts": {"max-size": "50m", "max-file": "3"}},
        ),
        ({"log-driver": "local"}, {"log-driver": "local", "log-opts": {"max-size": "10m", "max-file": "3"}}),
        ({"log-driver": "journald"}, {"log-driver": "journald"}),
        ({"log-driver": "syslog", "log-opts": {"tag": "x"}}, {"log-driver": "syslog", "log-opts": {"tag": "x"}}),
    ],
    ids=["default", "part", "local", "journald", "syslog"],
)
def test_daemon_options_are_merged_key_by_key(options, expected):
    loader = DataLoader()
    own = {"docker_daemon_options": options, "registry_url": "r.example.com", "registry_host": ""}
    text = Templar(loader, variables=add_roles(loader, own)).template(add_roles(loader, own)["__docker_desired"])[
        "files"
    ]["/etc/docker/daemon.json"]["text"]
    assert json.loads(text) == {
        "live-restore": False,
        "no-new-privileges": True,
        "icc": False,
        **expected,
    }
