"""Images whose packages have security updates are told, and renewed by one edit and one run."""

import json

import pytest
from later_packages import publish

pytestmark = pytest.mark.long

STATUS = "playbooks/status.yml"
SOURCE, DIRECT = "/etc/apt/sources.list.d/security.list", "/etc/apt/apt.conf.d/90direct"
FOLDER, URL = "/srv/debian-security", "http://127.0.0.1:8000/debian-security"
# The builder fetches from there, and apt asks no proxy for it; the server takes a moment to listen.
SERVE = f"""
systemd-run --unit security-updates python3 -m http.server --directory /srv --bind 127.0.0.1 8000
echo 'Acquire::http::Proxy::127.0.0.1 "DIRECT";' > {DIRECT}
timeout 60 sh -c 'until apt-get update --error-on=any; do sleep 1; done'
"""
END = f"systemctl stop security-updates; rm -rf {FOLDER} {SOURCE} {DIRECT}; apt-get update"


@pytest.fixture
def updated(fleet):
    """Let every host have an archive of security updates with a later netbase, until the test ends."""
    for host in fleet.addresses:
        publish(fleet, host, ["netbase"], FOLDER, SOURCE, URL)
        fleet.on(host, SERVE)
    yield
    for host in fleet.addresses:
        fleet.on(host, END)
    fleet.play().succeeded()


def told_of_netbase(fleet, *settings):
    """Services whose image is said to have a security update of it; of other packages there may be real ones."""
    run = fleet.play(*settings, "-e", "status_format=json", playbook=STATUS)
    updates = json.loads(run.output.splitlines()[-1])["updates"]
    return {service for host in updates for service, names in host["images"].items() if "netbase" in names}


def test_current_image_is_not_told(fleet):
    fleet.play().succeeded()
    assert told_of_netbase(fleet) == set()


@pytest.mark.usefixtures("updated")
def test_old_image_is_told_and_renewed(fleet):
    assert told_of_netbase(fleet) == {"hello_web"}
    assert "  hello_web: security updates of " in fleet.play(playbook=STATUS).output
    given = {"image_distro_serial": 2, "image_distro_sources": ["/etc/apt/sources.list.d/debian.sources", SOURCE]}
    settings = ("-e", json.dumps(given))
    fleet.play(*settings).succeeded()
    assert told_of_netbase(fleet, *settings) == set()
    fleet.play(*settings).unchanged()
