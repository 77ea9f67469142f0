"""What a run is for: which part of the plan it carries out."""

from __future__ import annotations

from enum import StrEnum


class Intent(StrEnum):
    """The intent of a playbook, by the playbook's name."""

    SITE = "site"
    DEPLOY = "deploy"
    ROLLBACK = "rollback"
