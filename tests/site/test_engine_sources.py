"""Where the engine comes from: the distribution, a vendor's signed repository, or what is already there.

The vendor's packages stand for Docker's: they have their names and hold Debian's engine. What is proven is the handling
of repository, key, version and hold.
"""

import json
import re

import pytest
from apt_repository import PORT, AptRepository

OLD, NEW = "5:27.0.1-1~debian.13~trixie", "5:27.0.2-1~debian.13~trixie"
ENGINE = ("docker-ce", "docker-ce-cli")
KEY, SOURCE = "/etc/apt/keyrings/docker.asc", "/etc/apt/sources.list.d/docker.sources"
PIN = "/etc/apt/preferences.d/flotilla-docker"
# A turn renews the lock.
ONLY_ENGINE = tuple(
    f"playbooks/phases/{name}.yml" for name in ("observe", "lock", "install_docker", "restart_engine", "unlock")
)


@pytest.fixture
def settings(tmp_path):
    """Write variables as a user would, and name them to ansible-playbook."""

    def write(**variables):
        (tmp_path / "settings.json").write_text(json.dumps(variables))
        return ["-e", f"@{tmp_path / 'settings.json'}"]

    return write


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A vendor's repository, still without packages."""
    made = AptRepository(tmp_path_factory.mktemp("vendor") / "repository")
    yield made
    made.close()


def notes(run):
    """The notes that follow a plan."""
    return re.findall(r"^Note: .*", run.output, re.MULTILINE)


def test_other_source_than_installed_changes_nothing_and_is_said(fleet, settings, repository):
    run = fleet.play(*settings(docker_source="vendor", docker_vendor_key=repository.key))
    told = run.refused("key-untrusted: docker_vendor_key, all 3 hosts").output
    assert re.search(rf"found +a text with checksum {repository.checksum}", told)
    assert re.search(r"expected +sha256:1500c1f56fa9e26b", told)

    known = {"docker_vendor_key": repository.key, "docker_vendor_key_checksum": repository.checksum}
    run = fleet.play(*settings(docker_source="vendor", **known)).unchanged()
    (note,) = notes(run)
    assert note.startswith("Note: all 3 hosts: keeps its engine docker.io ")


@pytest.mark.long
def test_version_is_held_and_let_go_again(fleet, settings):
    version = re.match(r"[\d.]+", fleet.on("worker-1", "dpkg-query --show --showformat '${Version}' docker.io"))[0]
    fleet.play(*settings(docker_version=version)).succeeded()
    assert fleet.on("worker-1", "apt-mark showhold").split() == ["docker-cli", "docker.io"]
    fleet.play(*settings(docker_version=version)).unchanged()
    fleet.play().succeeded()
    assert fleet.on("worker-1", f"apt-mark showhold; ls {PIN} 2>&1 || :").split()[:1] == ["ls:"]
    fleet.assert_serving()


class Vendor:
    """One bare host of its own that reaches the vendor's repository.

    :ivar fleet: its fleet
    :ivar variables: what a user sets to have the vendor's engine
    """

    def __init__(self, fleet, repository):
        self.fleet = fleet
        gateway = fleet.addresses[fleet.manager].rsplit(".", 1)[0] + ".1"
        self.variables = {
            "docker_source": "vendor",
            "docker_vendor_url": f"http://{gateway}:{PORT}",
            "docker_vendor_key": repository.key,
            "docker_vendor_key_checksum": repository.checksum,
        }
        self.server = repository.serve(fleet.name, gateway)
        # The hosts' packages come through a cache that has Debian alone.
        self.on(f"echo 'Acquire::http::Proxy::{gateway} \"DIRECT\";' > /etc/apt/apt.conf.d/90vendor")

    def on(self, command):
        """Run a command as root on the host."""
        return self.fleet.on(self.fleet.manager, command)

    def versions(self):
        """Installed versions of the engine's packages."""
        listed = self.on(f"dpkg-query --show --showformat '${{Version}} ' {' '.join(ENGINE)} 2>&1 || :")
        return listed.split()

    def held(self):
        """Packages that apt must not change."""
        return self.on("apt-mark showhold").split()


@pytest.fixture(scope="module")
def vendor(make_fleet, repository):
    """A bare host and its vendor, who has two versions of his engine."""
    repository.add("docker-ce", [OLD, NEW], wraps="docker.io")
    repository.add("docker-ce-cli", [OLD, NEW], wraps="docker-cli")
    repository.add("containerd.io", ["2.1.1-1~debian.13~trixie"], depends="containerd")
    repository.add("docker-buildx-plugin", ["0.29.1-1~debian.13~trixie"], depends="docker-buildx")
    repository.publish()
    one = Vendor(make_fleet(1), repository)
    yield one
    one.server.terminate()
    one.server.wait()
    one.fleet.command("down")


# From here on each test goes on where the one before it left the vendor's host.


@pytest.mark.long
def test_wrong_key_leaves_a_bare_host_as_it_is(vendor, settings):
    run = vendor.fleet.play(*settings(**{**vendor.variables, "docker_vendor_key_checksum": "sha256:0"}))
    run.refused("key-untrusted: docker_vendor_key")
    assert vendor.on(f"ls {KEY} {SOURCE} /usr/bin/docker 2>/dev/null || :") == ""


@pytest.mark.long
def test_vendors_engine_is_installed_at_its_version_and_held(vendor, settings):
    given = settings(**vendor.variables, docker_version="27.0.1")
    told = vendor.fleet.play("--check", "--diff", *given)
    assert f"docker: install {', '.join(ENGINE)}, containerd.io" in told.output
    assert f"after: docker: write {SOURCE}" in told.output
    assert vendor.on(f"ls {KEY} {SOURCE} 2>/dev/null || :") == ""
    vendor.fleet.play(*given, playbook=ONLY_ENGINE).succeeded()
    assert vendor.versions() == [OLD, OLD]
    assert vendor.held() == sorted(ENGINE)
    assert vendor.on("docker version --format '{{.Server.Version}}'")
    vendor.fleet.play(*given, playbook=ONLY_ENGINE).unchanged()


@pytest.mark.long
def test_upgrade_by_others_is_refused_and_drift_is_reported_and_repaired(vendor, settings):
    given = settings(**vendor.variables, docker_version="27.0.1")
    vendor.on("apt-get update -q && apt-get upgrade -yq")
    assert vendor.versions() == [OLD, OLD]
    vendor.on(f"apt-mark unhold docker-ce && apt-get install -yq docker-ce={NEW}")
    told = vendor.fleet.play("--check", "--diff", *given)
    assert f"docker: bring docker-ce from {NEW} to 27.0.1 (docker_version)" in told.output
    assert "docker: hold docker-ce at 27.0.1" in told.output
    assert vendor.versions() == [NEW, OLD]
    vendor.fleet.play(*given, playbook=ONLY_ENGINE).succeeded()
    assert vendor.versions() == [OLD, OLD]
    assert vendor.held() == sorted(ENGINE)


@pytest.mark.long
def test_another_version_is_brought_and_held(vendor, settings):
    given = settings(**vendor.variables, docker_version="27.0.2")
    vendor.fleet.play(*given, playbook=ONLY_ENGINE).succeeded()
    assert vendor.versions() == [NEW, NEW]
    assert vendor.held() == sorted(ENGINE)
    missing = settings(**vendor.variables, docker_version="27.0.3")
    run = vendor.fleet.play(*missing, playbook=ONLY_ENGINE)
    assert run.code != 0
    assert "no available installation candidate for docker-ce-cli=*27.0.3" in run.output
    assert vendor.versions() == [NEW, NEW]


@pytest.mark.long
def test_edited_repository_is_put_right_and_version_is_let_go(vendor, settings):
    vendor.on(f"sed -i s/stable/main/ {SOURCE} && echo >> {KEY}")
    vendor.fleet.play(*settings(**vendor.variables), playbook=ONLY_ENGINE).succeeded()
    assert vendor.on(f"grep Components {SOURCE}").strip() == "Components: stable"
    assert vendor.held() == []
    assert vendor.on(f"ls {PIN} 2>/dev/null || :") == ""
    vendor.fleet.play(*settings(**vendor.variables), playbook=ONLY_ENGINE).unchanged()


@pytest.mark.long
def test_engine_and_swarm_made_by_hand_are_adopted(vendor):
    address = vendor.fleet.addresses[vendor.fleet.manager]
    vendor.on(f"docker swarm init --advertise-addr {address} --data-path-port 7777")
    vendor.on("docker node update --label-add by=admin $(docker node ls --quiet)")
    swarm = vendor.on("docker info --format '{{.Swarm.Cluster.ID}}'")
    run = vendor.fleet.play().succeeded()
    (note,) = notes(run)
    assert note.startswith(f"Note: {vendor.fleet.manager}: keeps its engine docker-ce {NEW}, though docker_source is ")
    vendor.fleet.assert_serving()
    assert vendor.on("docker info --format '{{.Swarm.Cluster.ID}}'") == swarm
    assert "--dport 7777" in vendor.on("iptables -t raw -S FLOTILLA")
    assert "by:admin" in vendor.on("docker node inspect self --format '{{.Spec.Labels}}'")
    assert vendor.versions() == [NEW, NEW]
    assert "docker-buildx-plugin" in vendor.on("dpkg-query --show docker-buildx-plugin")
    vendor.fleet.play().unchanged()
