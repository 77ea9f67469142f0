"""Compose files of the kinds that people have: what a swarm refuses of them, and what it does otherwise."""

from pathlib import Path

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.edge.stack_entries import RunRequest, read_entry

COLLECTION = Path(__file__).parent / "collection"
# What the inventory says beside the path.
ENTRIES = {
    "configs-content": {"environment": {"BANNER": "Good $ morning"}},
    "debug-profiles": {"profiles": ["tools"]},
    "keycloak-postgres": {"environment": {"KC_DB_PASSWORD": "x"}},
    "reset-override": {"files": ["compose.yml", "swarm.yml"]},
    "secrets-three-ways": {"environment": {"API_TOKEN": "x"}},
}
# By folder: places that are refused, and places that are warned of.
EXPECTED = {
    "anchors-extensions": ((), ()),
    "backup-job": ((), ("services.once.volumes",)),
    "bind-driver-volume": (("volumes.files.driver_opts",), ("volumes.archive.driver_opts",)),
    "browser-tests": (
        (
            "services.chrome.ipc",
            "services.chrome.security_opt",
            "services.chrome.userns_mode",
            "services.chrome.uts",
            "services.firefox.ipc",
            "services.firefox.pid",
        ),
        ("services.firefox.cgroup_parent",),
    ),
    "build-extras": (
        (
            "services.inline.build.dockerfile_inline",
            "services.missing.build",
            "services.private.build.additional_contexts",
            "services.private.build.ssh",
            "services.remote.build.context",
        ),
        (),
    ),
    "configs-content": ((), ()),
    "container-metrics": (
        ("services.cadvisor.devices", "services.cadvisor.privileged", "services.cadvisor.security_opt"),
        ("services.cadvisor.cgroup", "services.cadvisor.volumes", "services.cadvisor.volumes"),
    ),
    "debug-profiles": ((), ()),
    "django-postgres": (
        ("services.db.volumes", "services.web.volumes"),
        ("services.web.depends_on", "services.web.environment.DJANGO_DEBUG"),
    ),
    "docker-in-docker": (("services.engine.privileged", "services.runner.network_mode"), ()),
    "elasticsearch-kibana": ((), ("services.kibana.depends_on",)),
    "emptied-entrypoint": (("services.certificates.entrypoint",), ()),
    "entrypoint-script": ((), ()),
    "extends-common": ((), ("services.mail.oom_kill_disable",)),
    "gitea": ((), ("services.server.volumes", "services.server.volumes")),
    "global-agent": ((), ("services.agent.oom_score_adj", "services.agent.volumes")),
    "go-postgres": ((), ("services.backend.depends_on",)),
    "gpu-models": (("services.model.deploy.resources.reservations.devices", "services.page.runtime"), ()),
    "grafana-prometheus": (
        ("services.grafana.volumes", "services.node-exporter.network_mode", "services.node-exporter.pid"),
        ("services.node-exporter.volumes",),
    ),
    "home-assistant": (
        (
            "services.homeassistant.network_mode",
            "services.homeassistant.privileged",
            "services.homeassistant.volumes",
            "services.zigbee.device_cgroup_rules",
        ),
        (
            "services.homeassistant.volumes",
            "services.homeassistant.volumes",
            "services.zigbee.mac_address",
            "services.zigbee.volumes",
        ),
    ),
    "image-mount": (("services.web.volumes",), ()),
    "include-monitoring": ((), ("services.app.depends_on",)),
    "jenkins-socket": (
        ("services.agent.volumes_from", "services.jenkins.group_add"),
        ("services.jenkins.volumes", "services.jenkins.volumes"),
    ),
    "kafka-kraft": ((), ()),
    "keycloak-postgres": ((), ()),
    "linked-legacy": (("services.files.volumes_from", "services.web.external_links", "services.web.links"), ()),
    "localhost-admin": (("services.db.ports", "services.phpmyadmin.ports", "services.phpmyadmin.ports"), ()),
    "memory-tuned": (
        (),
        (
            "services.cache.cpu_quota",
            "services.cache.memswap_limit",
            "services.cache.tmpfs",
            "services.db.blkio_config",
            "services.db.cpu_shares",
            "services.db.cpuset",
            "services.db.mem_swappiness",
            "services.db.memswap_limit",
            "services.db.oom_score_adj",
            "services.db.storage_opt",
            "services.db.tmpfs",
        ),
    ),
    "migrate-first": (("services.web.depends_on",), ("services.migrate.depends_on",)),
    "minio-bucket": ((), ("services.bucket.depends_on",)),
    "missing-variables": ((".files",), ()),
    "nextcloud-postgres": ((), ("services.app.depends_on",)),
    "nfs-media": ((), ()),
    "nginx-conf": ((), ()),
    "node-mongo": (("services.frontend.volumes", "services.frontend.volumes"), ()),
    "one-of-a-range": (("services.web.ports",), ()),
    "own-address-of-the-lan": (("networks.office.driver",), ("networks.office.enable_ipv6",)),
    "php-static": (("services.nginx.volumes", "services.php.volumes"), ()),
    "pihole-dns": ((), ("services.pihole.dns_opt",)),
    "plex-devices": (
        ("services.plex.devices", "services.plex.group_add", "services.plex.network_mode"),
        ("services.plex.volumes",),
    ),
    "port-ranges": ((), ()),
    "rabbitmq-worker": ((), ("services.rabbitmq.domainname",)),
    "reset-override": ((), ()),
    "same-names": ((), ()),
    "secrets-three-ways": (("secrets.api_token", "secrets.session_key"), ()),
    "shared-folder": ((), ("services.web.volumes", "services.web.volumes")),
    "shared-proxy-network": ((), ()),
    "static-addresses": (
        (),
        (
            "networks.lan.driver_opts",
            "networks.lan.ipam.config",
            "services.app.networks.lan.ipv4_address",
            "services.resolver.networks.lan.ipv4_address",
        ),
    ),
    "subpath-volumes": (("services.notes.volumes", "services.photos.volumes", "services.photos.volumes"), ()),
    "swarm-ready": ((), ()),
    "traefik-socket": ((), ("services.traefik.security_opt", "services.traefik.volumes", "services.whoami.labels")),
    "update-notifier": (("services.watch.environment",), ("services.watch.volumes",)),
    "vaultwarden-caddy": ((), ("volumes.caddy-data",)),
    "vpn-sidecar": (
        ("services.downloads.network_mode", "services.vpn.devices"),
        ("services.downloads.depends_on", "services.downloads.volumes"),
    ),
    "wireguard": ((), ("services.wireguard.volumes",)),
    "wordpress-mysql": ((), ()),
}


def key_of(place):
    """Leave out the line that a key stands in."""
    return place.partition(" (")[0]


def test_each_folder_is_expected():
    assert sorted(EXPECTED) == sorted(path.name for path in COLLECTION.iterdir())


@pytest.mark.parametrize("name", EXPECTED)
def test_what_a_swarm_makes_of_a_file(name):
    read = read_entry("shop", {"path": str(COLLECTION / name), **ENTRIES.get(name, {})}, "/", RunRequest())
    refused = sorted(key_of(problem["where"].removeprefix(".files: ")) for problem in read["problems"])
    warned = sorted(key_of(warning.partition(": ")[0]) for warning in read["warnings"])
    assert (refused, warned) == tuple(sorted(places) for places in EXPECTED[name])
