"""The machine that runs Ansible is checked, too."""

from pathlib import Path

import pytest
import yaml
from ansible_collections.flotilla.swarm.plugins.plugin_utils.checks import control


@pytest.mark.parametrize("version", ["2.18.6", "2.20.9", "2.9.27", "1.9"])
def test_older_ansible_is_refused(version):
    (problem,) = control.ansible_is_recent(version)
    assert (problem.code, problem.found) == ("ansible-too-old", f"ansible-core {version}")


@pytest.mark.parametrize("version", ["2.21.0", "2.21.5rc1", "2.100.0", "3.0"])
def test_newer_ansible_is_not(version):
    assert [*control.ansible_is_recent(version)] == []


def test_oldest_is_that_of_the_collection():
    required = yaml.safe_load(Path("meta/runtime.yml").read_text())["requires_ansible"]
    assert required == f">={'.'.join(map(str, control.OLDEST))}.0"
