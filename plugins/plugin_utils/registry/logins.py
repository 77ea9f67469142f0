"""Decide which logins of the registry are new in this run, and for whom."""

from __future__ import annotations

from ..model.problem import Code
from .answers import classify


def is_renewed(site, host):
    """Tell whether the account of flotilla's own registry gets another password in this run.

    :param site: ``preflight_site``
    :param host: observation of the registry's host
    """
    seen, files = host["seen"], host["wanted"].get("registry_server", {}).get("files", {})
    # What is not served yet has no old password.
    served = site["scope"] == "site" and any(seen["files"][path] for path in files)
    lost = any(path.endswith("/registry_password") and seen["files"][path] is None for path in files)
    return served and (lost or classify(seen["server_account"]) is Code.REGISTRY_CREDENTIALS)


def is_renamed(seen):
    """Tell whether this host serves the registry with a certificate for another name than ``registry_url`` has.

    :param seen: ``seen`` of a host
    """
    return classify(seen["server_account"]) is Code.REGISTRY_OTHER_NAME


def is_new_to_services(site, manager, renewed):
    """Tell whether the services pull with another login of the registry than they should.

    Swarm does not tell which one they have: the record of the stack holds its fingerprint. Hosts log in by ``site.yml``
    alone, so the other playbooks have no new login to give.

    :param site: ``preflight_site``
    :param manager: ``seen`` of the manager that describes the stack, ``{}`` before there is a swarm
    :param renewed: see ``is_renewed``
    """
    running = manager.get("stack") or {}
    if site["scope"] != "site" or not running.get("record"):
        return False
    # A manager that a run was killed before is logged in only now, and cannot know the new login yet.
    refused = classify(manager["login"]) is Code.REGISTRY_CREDENTIALS
    return renewed or refused or running["login"] != manager["login_fingerprint"]
