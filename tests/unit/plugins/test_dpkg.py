"""What dpkg has begun and not finished."""

from ansible_collections.flotilla.swarm.plugins.module_utils.dpkg import interrupted

STATUS = """\
Package: bash
Essential: yes
Status: install ok installed
Description: a shell
 Status: install ok unpacked

Package: docker.io
Status: install ok half-configured
Description: an engine

Package: runc
Status: hold reinstreq half-installed

Package: gone
Status: deinstall ok config-files
"""


def test_packages_on_the_way_are_listed(tmp_path):
    (tmp_path / "status").write_text(STATUS)
    assert interrupted(tmp_path) == ["docker.io", "runc"]


def test_journal_that_apt_refuses_is_listed(tmp_path):
    (tmp_path / "status").write_text(STATUS)
    (tmp_path / "updates").mkdir()
    (tmp_path / "updates" / "tmp.i").touch()
    assert "dpkg" not in interrupted(tmp_path)
    (tmp_path / "updates" / "0003").write_text("Package: bash\nStatus: install ok unpacked\n")
    (tmp_path / "updates" / "0004").write_text("Package: runc\nStatus: install ok installed\n")
    assert interrupted(tmp_path) == ["bash", "docker.io", "dpkg"]


def test_host_without_dpkg_has_nothing_interrupted(tmp_path):
    assert interrupted(tmp_path / "none") == []
