"""Images whose packages have security updates are told, and renewed by one edit and one run."""

import json

import pytest

pytestmark = pytest.mark.long

STATUS = "playbooks/status.yml"
SOURCE = "/etc/apt/sources.list.d/security.list"
PORT = 8000
# Debian's own package under a later version, in an archive of security updates that the builder serves.
UPDATE = rf"""
set -e
mkdir -p /srv/debian-security
cd /srv/debian-security
apt-get download netbase
dpkg-deb --raw-extract netbase_*.deb tree
sed --in-place 's/^Version: .*/&+security1/' tree/DEBIAN/control
rm netbase_*.deb
dpkg-deb --root-owner-group --build tree netbase.deb
{{ cat tree/DEBIAN/control
  echo "Filename: ./netbase.deb"
  echo "Size: $(stat --format %s netbase.deb)"
  echo "SHA256: $(sha256sum netbase.deb | cut --delimiter ' ' --fields 1)"
}} > Packages
systemd-run --unit security-updates python3 -m http.server --directory /srv --bind 127.0.0.1 {PORT}
echo 'deb [trusted=yes] http://127.0.0.1:{PORT}/debian-security ./' > {SOURCE}
apt-get update --option Acquire::http::Proxy::127.0.0.1=DIRECT
"""


def old_images(fleet, *settings):
    """Packages with security updates, by service."""
    run = fleet.play(*settings, "-e", "status_format=json", playbook=STATUS)
    updates = json.loads(run.output.splitlines()[-1])["updates"]
    return {service: names for host in updates for service, names in host["images"].items()}


def test_an_old_image_is_told_and_renewed(fleet):
    fleet.play().succeeded()
    assert old_images(fleet) == {}
    for host in fleet.addresses:
        fleet.on(host, UPDATE)
    assert old_images(fleet) == {"hello_web": ["netbase"]}
    told = fleet.play(playbook=STATUS)
    assert "hello_web: security updates of netbase" in told.output

    given = {"image_distro_serial": 2, "image_distro_sources": ["/etc/apt/sources.list.d/debian.sources", SOURCE]}
    settings = ("-e", json.dumps(given))
    fleet.play(*settings).succeeded()
    assert old_images(fleet, *settings) == {}
    fleet.play(*settings).unchanged()
