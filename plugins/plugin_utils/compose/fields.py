"""What becomes of each key of a service in a swarm: the table that the translation reads and docs/compose.md shows.

The keys are those of the Compose specification (https://github.com/compose-spec/compose-spec, 05-services.md). What
``docker stack deploy`` takes, and what of that it drops without a word, is in docker/cli, cli/compose/types (its
``UnsupportedProperties``, ``DeprecatedProperties`` and ``ForbiddenProperties``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of a key."""

    KEPT = "kept"
    TRANSLATED = "translated"
    DROPPED = "dropped"
    WARNED = "warned"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Field:
    """A key of a service.

    :ivar names: of keys that share the fate
    :ivar text: for ``translated`` what becomes of it, for ``dropped`` why nobody misses it, for ``warned`` what is
        different in the swarm, for ``refused`` what to write instead
    """

    names: tuple[str, ...]
    fate: Fate
    text: str = ""


KEPT = (
    "cap_add",
    "cap_drop",
    "command",
    "configs",
    "credential_spec",
    "deploy",
    "dns",
    "dns_search",
    "entrypoint",
    "environment",
    "extra_hosts",
    "healthcheck",
    "hostname",
    "image",
    "init",
    "isolation",
    "labels",
    "logging",
    "networks",
    "ports",
    "read_only",
    "secrets",
    "stdin_open",
    "stop_grace_period",
    "stop_signal",
    "sysctls",
    "tty",
    "ulimits",
    "user",
    "volumes",
    "working_dir",
)
SERVICE_FIELDS = (
    Field(KEPT, Fate.KEPT, "Swarm has the same"),
    Field(("build",), Fate.TRANSLATED, "the image is built on the builder, pushed, and named by its digest"),
    Field(
        ("restart",),
        Fate.TRANSLATED,
        "`deploy.restart_policy`; with `no`, a task may end with success: a job. Without it, Compose starts no "
        "container again, but Swarm starts a task again whatever it ended with",
    ),
    Field(("scale",), Fate.TRANSLATED, "`deploy.replicas`"),
    Field(("cpus", "mem_limit", "pids_limit"), Fate.TRANSLATED, "`deploy.resources.limits`"),
    Field(("mem_reservation",), Fate.TRANSLATED, "`deploy.resources.reservations`"),
    Field(("tmpfs",), Fate.TRANSLATED, "mounts of type `tmpfs`"),
    Field(("shm_size",), Fate.TRANSLATED, "a `tmpfs` of that size at /dev/shm"),
    Field(
        ("container_name",),
        Fate.TRANSLATED,
        "an alias on each network of the service, by which others reach it beside its name; containers are called "
        "otherwise",
    ),
    Field(("expose",), Fate.DROPPED, "services of a network reach all ports of each other"),
    Field(("attach", "develop", "env_file", "label_file", "profiles"), Fate.DROPPED, "it is about Compose itself"),
    Field(("platform", "pull_policy"), Fate.DROPPED, "nodes pull what the stack file names, for their own platform"),
    Field(
        ("depends_on",),
        Fate.WARNED,
        "services start all at once, so one that needs others healthy must wait by itself; one that needs others ended "
        "is refused",
    ),
    Field(
        ("annotations", "cgroup", "cgroup_parent", "domainname", "dns_opt", "mac_address", "storage_opt"),
        Fate.WARNED,
        "tasks run without it",
    ),
    Field(
        (
            "blkio_config",
            "cpu_count",
            "cpu_percent",
            "cpu_period",
            "cpu_quota",
            "cpu_rt_period",
            "cpu_rt_runtime",
            "cpu_shares",
            "cpuset",
            "mem_swappiness",
            "memswap_limit",
            "oom_kill_disable",
            "oom_score_adj",
        ),
        Fate.WARNED,
        "tasks run without it; limits of CPU and memory are in `deploy.resources`",
    ),
    Field(
        ("external_links", "links"),
        Fate.REFUSED,
        "put both services on one network: there each is reached by its name and its `aliases`; a link "
        "that gives no other name is left out",
    ),
    Field(
        ("network_mode",), Fate.REFUSED, "use `networks`, for the host's own the external network that is named `host`"
    ),
    Field(("privileged",), Fate.REFUSED, "name with `cap_add` what it needs, or run it outside of the swarm"),
    Field(
        ("device_cgroup_rules", "devices", "gpus", "runtime"),
        Fate.REFUSED,
        "Swarm hands out no devices; run it outside of the swarm",
    ),
    Field(
        ("ipc", "pid", "userns_mode", "uts"),
        Fate.REFUSED,
        "Swarm gives each task namespaces of its own; run it outside of the swarm",
    ),
    Field(("group_add",), Fate.REFUSED, "name the group in `user`, as USER:GROUP"),
    Field(("volumes_from",), Fate.REFUSED, "name the volumes in `volumes`"),
    Field(("post_start", "pre_stop"), Fate.REFUSED, "Swarm runs no hooks; let the image's entrypoint do it"),
    Field(("models", "provider", "use_api_socket"), Fate.REFUSED, "Swarm has nothing of the kind"),
)
# Judged by their value, see ``translate``.
SECURITY_OPT = Field(
    ("security_opt",),
    Fate.WARNED,
    "Swarm has none: `no-new-privileges` is an option of the engine, on unless `docker_daemon_options` turn it off; any"
    " other value is refused",
)
BY_NAME = {name: field for field in SERVICE_FIELDS for name in field.names}
