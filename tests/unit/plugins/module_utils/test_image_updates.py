"""Security updates of what images have inside."""

import subprocess
from pathlib import Path

import pytest
import yaml
from ansible_collections.flotilla.swarm.plugins.module_utils import image_updates
from ansible_collections.flotilla.swarm.plugins.module_utils.engine import EngineError

ROOT = Path(__file__).parents[4]
OS_RELEASE = 'ID=debian\nVERSION_ID="13"\n'
STATUS = """\
Package: libc6
Status: install ok installed
Version: 2.40
Depends: libgcc-s1
Description: a library
 Package: of C

Package: --option=Dir::Log=/etc/passwd
Version: 1
"""
POLICY = """\
libc6:
  Installed: 2.40
  Version table:
     2.41 500
        500 http://deb.debian.org/debian-security trixie-security/main amd64 Packages
     2.40 500
        500 http://deb.debian.org/debian trixie/main amd64 Packages
 *** 2.40 100
        100 {status}
zlib1g:
  Installed: 1.3
  Version table:
     1.3 500
        500 http://deb.debian.org/debian-security trixie-security/main amd64 Packages
 *** 1.3 100
        100 {status}
     1.2 500
        500 http://deb.debian.org/debian-security trixie-security/main amd64 Packages
"""


class Host:
    """An engine with containers, by their service, and an apt.

    :ivar asked: what apt was asked, and what it read
    """

    def __init__(self, services, **files):
        self.services, self.files, self.asked = services, files, []

    def get(self, path, **_query):
        assert path == "/containers/json"
        label = image_updates.SERVICE_LABEL
        return [
            {"Id": f"id-{name}", "ImageID": image, "Labels": {label: name}} for name, image in self.services.items()
        ]

    def get_file(self, container, path):
        name = container.partition("-")[2]
        if path == image_updates.OS_RELEASE:
            return self.files.get(name, (OS_RELEASE, ""))[0]
        if name not in self.files:
            raise EngineError(404, f"no {path}")
        return self.files[name][1]

    def run(self, command):
        _key, _equals, path = next(word for word in command if "Dir::State::status" in word).rpartition("=")
        with open(path) as file:
            self.asked.append((command, file.read()))
        return 0, POLICY.format(status=path), ""

    def observe(self):
        return image_updates.observe(self.run, self, "debian 13")


def test_services_of_one_image_are_asked_once():
    host = Host({"a_web": "i1", "a_job": "i1", "b_web": "i2"}, a_web=(OS_RELEASE, STATUS), a_job=(OS_RELEASE, STATUS))
    assert host.observe() == {"a_web": ("libc6",), "a_job": ("libc6",)}
    assert len(host.asked) == 1


@pytest.mark.parametrize("files", [("ID=alpine\n", STATUS), (OS_RELEASE, ""), ('ID=debian\nVERSION_ID="12"\n', STATUS)])
def test_images_of_another_release_or_without_a_list_tell_nothing(files):
    host = Host({"web": "i1"}, web=files)
    assert (host.observe(), host.asked) == ({}, [])


def test_apt_gets_versions_alone_and_as_nobody():
    host = Host({"web": "i1"}, web=(OS_RELEASE, STATUS))
    host.observe()
    ((command, read),) = host.asked
    assert command[:2] == ["setpriv", "--reuid=nobody"]
    assert command[-2:] == ["policy", "libc6"]
    assert "Depends" not in read and "library" not in read and "Version: 2.40\n\nPackage" in read


def test_list_that_apt_cannot_read_tells_nothing_and_hides_no_other_image():
    host = Host({"bad": "i1", "web": "i2"}, bad=(OS_RELEASE, "Package: evil\n"), web=(OS_RELEASE, STATUS))
    told = host.run
    host.run = lambda command: (100, "", "E: cannot parse") if "evil" in command else told(command)
    assert host.observe() == {"web": ("libc6",)}


def test_listing_of_a_base_image_is_what_apt_reads(tmp_path):
    """The commands of roles/image/vars list real packages, as dpkg itself would."""
    archives = tmp_path / "root/var/cache/apt/archives"
    archives.mkdir(parents=True)
    (tmp_path / "root/var/lib/dpkg").mkdir(parents=True)
    for name in ("one", "two"):
        control = tmp_path / name / "DEBIAN/control"
        control.parent.mkdir(parents=True)
        control.write_text(f"Package: {name}\nVersion: 1.0\nArchitecture: all\nMaintainer: m\nDescription: d\n")
        subprocess.run(["dpkg-deb", "--build", str(tmp_path / name), str(archives)], check=True, capture_output=True)
    listing = yaml.safe_load((ROOT / "roles/image/vars/main.yml").read_text())["__image_distro"]["listing"]
    subprocess.run(["sh", "-c", listing, "sh", str(tmp_path / "root")], check=True)
    listed = subprocess.run(
        ["dpkg-query", f"--admindir={tmp_path}/root/var/lib/dpkg", "--show"], check=True, capture_output=True, text=True
    )
    assert listed.stdout == "one\t1.0\ntwo\t1.0\n"
