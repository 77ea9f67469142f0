"""What apt would upgrade, and what asks for a reboot."""

import os

import pytest
from ansible_collections.flotilla.swarm.plugins.module_utils import upgrades

# As apt prints it: an upgrade, one from two archives, a new dependency, and lines about nothing of that.
SIMULATED = """\
NOTE: This is only a simulation!
0 upgraded, 0 newly installed
Inst libcurl4t64 [8.14.1-2] (8.14.1-2+deb13u1 Debian-Security:13/stable-security [amd64])
Inst docker.io [26.1.5+dfsg1-9] (26.1.5+dfsg1-9+deb13u1 Debian:13.2/stable, Debian-Security:13/stable-security [amd64])
Inst docker-cli [26.1.5+dfsg1-9] (26.1.6 Debian:13.2/stable [amd64])
Inst runc [1.1.15] (1.1.16 Debian:13.2/stable [amd64])
Inst libnew1 (1.0 Debian:13.2/stable [amd64])
Conf runc (1.1.16 Debian:13.2/stable [amd64])
"""


# As apt-cache prints it: runc had a security update before the version that apt would install.
POLICY = """\
runc:
  Installed: 1.1.15
  Candidate: 1.1.16
  Version table:
     1.1.16 500
        500 http://deb.debian.org/debian trixie/main amd64 Packages
     1.1.15+deb13u1 500
        500 http://deb.debian.org/debian-security trixie-security/main amd64 Packages
 *** 1.1.15 100
        100 /var/lib/dpkg/status
docker-cli:
  Installed: 26.1.5+dfsg1-9
  Candidate: 26.1.6
  Version table:
     26.1.6 500
        500 http://deb.debian.org/debian trixie/main amd64 Packages
 *** 26.1.5+dfsg1-9 500
        500 http://deb.debian.org/debian-security trixie-security/main amd64 Packages
        100 /var/lib/dpkg/status
"""


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("security", ["libcurl4t64", "docker.io", "runc"]),
        ("all", ["libcurl4t64", "docker.io", "docker-cli", "runc"]),
        ("engine", ["docker.io", "docker-cli", "runc"]),
    ],
)
def test_only_the_kind_that_was_asked_for_is_told(kind, names):
    def apt(command):
        return 0, POLICY if command[0] == "apt-cache" else SIMULATED, ""

    assert list(upgrades.observe(apt, kind, ["docker.io", "docker-cli", "runc"], "6.12").packages) == names


def test_revisions_of_a_pinned_engine_are_told_though_it_is_held(tmp_path, monkeypatch):
    def apt(command):
        held = SIMULATED.replace("Inst docker.io", "Kept docker.io").replace("Inst runc", "Kept runc")
        return 0, SIMULATED if "--ignore-hold" in command else held, ""

    monkeypatch.setattr(upgrades, "PIN", str(tmp_path / "pin"))
    assert "docker.io" not in upgrades.observe(apt, "security", ["docker.io"], "6.12").packages
    (tmp_path / "pin").write_text("Package: docker.io docker-cli\nPin: version *26.1.5*?\n")
    found = upgrades.observe(apt, "security", ["docker.io"], "6.12")
    assert found.packages == {"libcurl4t64": "8.14.1-2+deb13u1", "docker.io": "26.1.5+dfsg1-9+deb13u1"}
    assert found.held == ("docker.io",)
    assert "runc" not in upgrades.observe(apt, "all", ["docker.io", "runc"], "6.12").packages


def test_new_version_is_told():
    found = upgrades.observe(lambda _command: (0, SIMULATED, ""), "all", [], "6.12")
    assert found.packages["docker.io"] == "26.1.5+dfsg1-9+deb13u1"


@pytest.mark.parametrize(
    ("release", "day"),
    [
        ("debian 13", "2028-08-09"),
        ("debian 14", ""),
        ("debian 1", ""),
        ("ubuntu 24.04", "2029-05-31"),
        ("ubuntu 25.10", "2026-07-09"),
        ("alpine 3", ""),
    ],
)
def test_end_of_a_release_is_read(tmp_path, monkeypatch, release, day):
    (tmp_path / "debian.csv").write_text(
        "version,codename,series,created,release,eol,eol-lts,eol-elts\n"
        "13,Trixie,trixie,2023-06-10,2025-08-09,2028-08-09,2030-06-30,2035-06-30\n"
        "14,Forky,forky,2025-08-09\n,Sid,sid,1993-08-16\n"
    )
    (tmp_path / "ubuntu.csv").write_text(
        "version,codename,series,created,release,eol,eol-server,eol-esm\n"
        "24.04 LTS,Noble Numbat,noble,2023-10-26,2024-04-25,2029-05-31,2029-05-31,2034-04-25\n"
        "25.10,Questing Quokka,questing,2025-04-17,2025-10-09,2026-07-09\n"
    )
    monkeypatch.setattr(upgrades, "RELEASES", str(tmp_path / "{}.csv"))
    assert upgrades.support_ends(release) == day


def test_what_apt_says_is_passed_on():
    with pytest.raises(upgrades.UpgradesError, match="unmet dependencies"):
        upgrades.observe(lambda _command: (100, "", "E: unmet dependencies\n"), "all", [], "6.12")


def test_what_waits_is_told_with_why_apt_cannot_tell_it():
    assert "docker.io" in upgrades.observe(lambda _command: (0, SIMULATED, ""), "waiting", [], "6.12").packages
    found = upgrades.observe(lambda _command: (100, "", "E: dpkg was interrupted\n"), "waiting", [], "6.12")
    assert (found.packages, found.unknown) == ({}, "E: dpkg was interrupted")


def test_what_apt_cannot_tell_is_part_of_the_answer_while_an_installation_is_to_be_finished():
    found = upgrades.observe(lambda _command: (100, "", "E: Unmet dependencies\n"), "all", [], "6.12", True)
    assert (found.packages, found.unknown) == ({}, "E: Unmet dependencies")


@pytest.mark.parametrize("newest", [0, 1])
def test_age_of_lists_is_that_of_what_was_written_last(tmp_path, monkeypatch, newest):
    paths = [tmp_path / "stamp", tmp_path / "lists"]
    monkeypatch.setattr(upgrades, "FETCHED", [str(path) for path in paths])
    nothing = upgrades.observe(lambda _command: (0, "", ""), "security", [], "6.12")
    for number, path in enumerate(paths):
        path.touch()
        os.utime(path, (1000, 2000 if number == newest else 1000))
    found = upgrades.observe(lambda _command: (0, "", ""), "security", [], "6.12")
    assert (nothing.lists_at, found.lists_at) == (0, 2000)


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(upgrades, "REBOOT_REQUIRED", str(tmp_path / "reboot-required"))
    monkeypatch.setattr(upgrades, "MODULES", str(tmp_path / "modules"))
    return tmp_path


def test_packages_that_ask_for_a_reboot_are_named(root):
    (root / "reboot-required").write_text("*** System restart required ***\n")
    (root / "reboot-required.pkgs").write_text("linux-image-amd64\nlibc6\nlibc6\n")
    assert upgrades.reboot_reason("6.12") == "linux-image-amd64, libc6 asks for it"


def test_a_newer_kernel_of_the_same_flavour_asks_for_a_reboot(root):
    for name in ("6.9.1-amd64", "6.12.48+deb13-amd64", "6.13.1-cloud-amd64"):
        (root / "modules" / name).mkdir(parents=True)
    assert upgrades.reboot_reason("6.9.1-amd64") == "kernel 6.12.48+deb13-amd64 is installed, 6.9.1-amd64 runs"
    assert upgrades.reboot_reason("6.12.48+deb13-amd64") == ""


@pytest.mark.parametrize(
    ("runs", "newer", "others"),
    [
        ("6.8.0-45-generic", "6.8.0-100-generic", ["6.8.0-101-lowlatency", "6.8.0-1015-aws", "6.8.0-9-generic"]),
        ("6.8.0-1015-aws", "6.8.0-1016-aws", ["6.8.0-2000-generic", "6.8.0-2000-aws-64k"]),
        ("6.12.57+deb13-amd64", "6.12.63+deb13-amd64", ["6.13.1+deb13-cloud-amd64", "6.13.1+deb13-rt-amd64"]),
        ("6.12.57+deb13-cloud-amd64", "6.12.63+deb13-cloud-amd64", ["6.13.1+deb13-amd64"]),
        ("6.1.0-18-amd64", "6.1.0-21-amd64", ["6.1.0-30-cloud-amd64", "6.1.0-17-amd64"]),
        ("6.1.0-18-amd64", "6.12.9+deb12-amd64", ["6.1.0-0.deb11.21-amd64"]),
        ("6.1.0-0.deb11.21-amd64", "6.1.0-0.deb11.22-amd64", ["6.1.0-0.deb11.30-rt-amd64"]),
        ("6.12.57+deb13-686-pae", "6.12.63+deb13-686-pae", ["6.13.1+deb13-686"]),
        ("6.12-amd64", "6.12.1-amd64", []),
    ],
)
def test_kind_of_a_kernel_is_what_follows_the_number_of_its_build(root, runs, newer, others):
    for name in (runs, *others):
        (root / "modules" / name).mkdir(parents=True)
    assert upgrades.reboot_reason(runs) == ""
    (root / "modules" / newer).mkdir()
    assert upgrades.reboot_reason(runs) == f"kernel {newer} is installed, {runs} runs"


def test_a_host_without_kernels_of_its_own_needs_none(root):
    assert upgrades.reboot_reason("6.12") == ""
