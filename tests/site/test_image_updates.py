"""Images whose packages have security updates are told, and renewed by one edit and one run."""

import json

import pytest
from later_packages import publish

pytestmark = pytest.mark.long

STATUS = "playbooks/status.yml"
SOURCE = "/etc/apt/sources.list.d/security.list"
URL = "http://127.0.0.1:8000/debian-security"
# The builder fetches from there, and apt asks no proxy for it; the server takes a moment to listen.
SERVE = """
systemd-run --unit security-updates python3 -m http.server --directory /srv --bind 127.0.0.1 8000
echo 'Acquire::http::Proxy::127.0.0.1 "DIRECT";' > /etc/apt/apt.conf.d/90direct
timeout 60 sh -c 'until apt-get update --error-on=any; do sleep 1; done'
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
        publish(fleet, host, ["netbase"], "/srv/debian-security", SOURCE, URL)
        fleet.on(host, SERVE)
    assert old_images(fleet) == {"hello_web": ["netbase"]}
    told = fleet.play(playbook=STATUS)
    assert "hello_web: security updates of netbase" in told.output

    given = {"image_distro_serial": 2, "image_distro_sources": ["/etc/apt/sources.list.d/debian.sources", SOURCE]}
    settings = ("-e", json.dumps(given))
    fleet.play(*settings).succeeded()
    assert old_images(fleet, *settings) == {}
    fleet.play(*settings).unchanged()
