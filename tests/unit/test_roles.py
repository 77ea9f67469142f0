"""Every role's defaults and argument specs say the same."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROLES = sorted(path.parent.parent for path in Path("roles").glob("*/defaults/main.yml"))


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_defaults_and_specs_are_equal(role):
    defaults = yaml.safe_load((role / "defaults/main.yml").read_text())
    options = yaml.safe_load((role / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    assert {name: option.get("default") for name, option in options.items()} == defaults


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_variables_carry_the_roles_prefix(role):
    names = yaml.safe_load((role / "defaults/main.yml").read_text())
    assert [name for name in names if not name.startswith(f"{role.name}_")] == []


def test_page_of_variables_is_current():
    done = subprocess.run([sys.executable, "tools/document-variables", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
