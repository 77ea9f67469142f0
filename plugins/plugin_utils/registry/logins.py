"""Decide which logins of the registry are new in this run, and for whom."""

from __future__ import annotations

from ...module_utils.observation import Observed
from ...module_utils.observation.stack import Stack
from ..model.desired import Desired
from ..model.problem import Code
from .answers import classify


def is_renewed(desired: Desired, observed: Observed) -> bool:
    """Tell whether the account of flotilla's own registry gets another password.

    :param desired: of the registry's host, as ``observation``
    """
    files = desired.role("registry_server").files
    # What is not served yet has no old password.
    served = any(observed.files[path] for path in files)
    lost = any(path.endswith("/registry_password") and observed.files[path] is None for path in files)
    return served and (lost or classify(observed.server_account) is Code.REGISTRY_CREDENTIALS)


def is_renamed(observed: Observed) -> bool:
    """Tell whether this host serves the registry with a certificate for another name than ``registry_url`` has."""
    return classify(observed.server_account) is Code.REGISTRY_OTHER_NAME


def is_new_to_services(manager: Observed | None, running: Stack, renewed: bool) -> bool:
    """Tell whether the services of a stack pull with another login of the registry than they should.

    Swarm does not tell which one they have: the record of the stack holds its fingerprint.

    :param manager: which describes it, ``None`` before there is a swarm
    :param running: the stack
    :param renewed: see ``is_renewed``
    """
    if not manager or not running.record:
        return False
    # A manager that a run was killed before is logged in only now, and cannot have the new login yet.
    refused = classify(manager.login) is Code.REGISTRY_CREDENTIALS
    return renewed or refused or running.login != manager.login_fingerprint
