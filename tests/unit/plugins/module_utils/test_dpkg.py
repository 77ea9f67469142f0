"""What dpkg has, and what it has begun and not finished."""

from ansible_collections.flotilla.swarm.plugins.module_utils import dpkg

STATUS = """\
Package: bash
Essential: yes
Status: install ok installed
Version: 5.2.37-2
Description: a shell
 Status: install ok unpacked

Package: docker.io
Status: install ok half-configured
Version: 26.1.5
Description: an engine

Package: runc
Status: hold reinstreq half-installed
Version: 1.1.15

Package: kept
Status: hold ok installed
Version: 1:2.3-4

Package: gone
Status: deinstall ok config-files
Version: 1.0
"""


def interrupted(admin):
    return dpkg.packages([], admin).interrupted


def test_packages_are_told_with_version_hold_and_what_stopped_half_way(tmp_path):
    (tmp_path / "status").write_text(STATUS)
    assert dpkg.packages(["bash", "docker.io", "runc", "kept", "gone", "unknown"], tmp_path) == dpkg.Packages(
        packages={
            "bash": "5.2.37-2",
            "docker.io": None,
            "runc": None,
            "kept": "1:2.3-4",
            "gone": None,
            "unknown": None,
        },
        held=("runc", "kept"),
        unfinished=("docker.io", "runc"),
        interrupted=("docker.io", "runc"),
    )


def test_journal_that_apt_refuses_is_listed(tmp_path):
    (tmp_path / "status").write_text(STATUS)
    (tmp_path / "updates").mkdir()
    (tmp_path / "updates" / "tmp.i").touch()
    assert "dpkg" not in interrupted(tmp_path)
    (tmp_path / "updates" / "0003").write_text("Package: bash\nStatus: install ok unpacked\n")
    (tmp_path / "updates" / "0004").write_text("Package: runc\nStatus: install ok installed\nVersion: 1.2\n")
    assert interrupted(tmp_path) == ("bash", "docker.io", "dpkg")
    assert dpkg.packages(["runc"], tmp_path).packages == {"runc": "1.2"}


def test_host_without_dpkg_has_nothing(tmp_path):
    found = dpkg.packages(["bash"], tmp_path / "none")
    assert found == dpkg.Packages(packages={"bash": None}, held=(), unfinished=(), interrupted=())
