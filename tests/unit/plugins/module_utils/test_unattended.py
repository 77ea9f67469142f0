"""Which packages a host upgrades by itself."""

import pytest
from ansible_collections.flotilla.swarm.plugins.module_utils import unattended

# As apt-config prints it, shortened.
DUMP = """\
APT::Periodic "";
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
Unattended-Upgrade::Package-Blacklist "";
Unattended-Upgrade::Package-Blacklist:: "containerd";
"""
NAMES = ["docker.io", "containerd", "containerd.io", "runc"]


def test_packages_that_are_not_excluded_are_upgraded():
    assert unattended.choose(DUMP, NAMES) == ("docker.io", "runc")
    assert unattended.choose(DUMP.replace('"containerd"', '"(docker|containerd|runc)"'), NAMES) == ()


@pytest.mark.parametrize("value", ['"1"', ""], ids=["off", "not set"])
def test_nothing_is_upgraded_where_it_is_not_turned_on(value):
    dump = DUMP.replace('Unattended-Upgrade "1"', 'Unattended-Upgrade "0"') if value else 'APT::Periodic "";\n'
    assert unattended.choose(dump, NAMES) == ()


def test_apt_is_asked_only_where_the_program_is(tmp_path):
    def asked(_command):
        return 0, DUMP, ""

    assert unattended.upgraded(asked, NAMES, str(tmp_path / "none")) == ()
    (tmp_path / "there").touch()
    assert unattended.upgraded(asked, NAMES, str(tmp_path / "there")) == ("docker.io", "runc")
