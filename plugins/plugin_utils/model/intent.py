"""What a run is for: which part of the plan it carries out."""

from __future__ import annotations

from enum import StrEnum


class Intent(StrEnum):
    """The intent of a playbook, by its name; or of a role that runs alone, by that role's name."""

    SITE = "site"
    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    REMOVE = "remove"
    REBALANCE = "rebalance"
    MOVE = "move"
    EVICT = "evict"
    BACKUP = "backup"
    RESTORE = "restore"
    RESET = "reset"
    STATUS = "status"
    LOGS = "logs"
    EXEC = "exec"
    RUN = "run"
    UPGRADE = "upgrade"
    CLEAN_REGISTRY = "clean_registry"
    DOCKER = "docker"
    FIREWALL = "firewall"
    SWARM = "swarm"
    REGISTRY = "registry"
    IMAGE = "image"
    STACK = "stack"

    @property
    def only_tells(self) -> bool:
        """Tell whether flotilla itself changes nothing whatever is observed, so that there is no plan to print."""
        return self in (Intent.STATUS, Intent.LOGS, Intent.EXEC, Intent.RUN)

    @property
    def is_of_one_role(self) -> bool:
        """Tell whether one role runs alone."""
        return self in (
            Intent.DOCKER,
            Intent.FIREWALL,
            Intent.SWARM,
            Intent.REGISTRY,
            Intent.IMAGE,
            Intent.STACK,
        )
