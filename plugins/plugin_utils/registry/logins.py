"""Decide which logins of the registry are new in this run, and for whom."""

from __future__ import annotations

from ...module_utils.observation import Seen
from ...module_utils.observation.stack import Stack
from ..model.desired import Desired
from ..model.problem import Code
from .answers import classify


def is_renewed(desired: Desired, seen: Seen) -> bool:
    """Tell whether the account of flotilla's own registry gets another password.

    :param desired: of the registry's host, as ``seen``
    """
    files = desired.role("registry_server").files
    # What is not served yet has no old password.
    served = any(seen.files[path] for path in files)
    lost = any(path.endswith("/registry_password") and seen.files[path] is None for path in files)
    return served and (lost or classify(seen.server_account) is Code.REGISTRY_CREDENTIALS)


def is_renamed(seen: Seen) -> bool:
    """Tell whether this host serves the registry with a certificate for another name than ``registry_url`` has."""
    return classify(seen.server_account) is Code.REGISTRY_OTHER_NAME


def is_new_to_services(manager: Seen | None, running: Stack, renewed: bool) -> bool:
    """Tell whether the services of a stack pull with another login of the registry than they should.

    Swarm does not tell which one they have: the record of the stack holds its fingerprint.

    :param manager: which describes it, ``None`` before there is a swarm
    :param running: the stack
    :param renewed: see ``is_renewed``
    """
    if not manager or not running.record:
        return False
    # A manager that a run was killed before is logged in only now, and cannot know the new login yet.
    refused = classify(manager.login) is Code.REGISTRY_CREDENTIALS
    return renewed or refused or running.login != manager.login_fingerprint
