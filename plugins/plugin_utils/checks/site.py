"""Check the settings of the whole site against each other, before any host is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..lock import lease
from ..model.problem import Code, Problem, Rule

# What Swarm takes at the start of a service's name. A dot would also make one stack's records look like another's.
STACK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
URL = re.compile(r"(?P<host>[a-zA-Z0-9][a-zA-Z0-9.-]*)(?P<port>:\d+)?(?P<prefix>(/[a-z0-9]+([._-]+[a-z0-9]+)*)*)")
DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")
REGISTRY_FILE = "inventory/group_vars/all/"


def registry_is_given(site) -> Iterator[Problem]:
    """A site has a registry of its own or an external one."""
    if not site["registry_url"]:
        yield Problem(
            code=Code.SETTING_MISSING,
            where="registry_url",
            found="no address, and no host in group registry",
            expected="one of both",
            fix=f"Set registry_url in {REGISTRY_FILE}, or put a host into group registry",
        )


def registry_url_is_valid(site) -> Iterator[Problem]:
    """The address is one that Docker takes for a registry's."""
    url = site["registry_url"]
    match = URL.fullmatch(url)
    expected = ""
    # Docker takes a first part without dot and port for a name on Docker Hub.
    if not match or not (match["port"] or "." in match["host"] or match["host"] == "localhost"):
        expected = "host:port or host.domain, with or without /prefix, without a scheme"
    elif match["port"] and not 0 < int(match["port"][1:]) < 65536:
        expected = "a port from 1 to 65535"
    elif site["registry_host"] and not match["port"]:
        expected = "host:port, where flotilla serves the registry"
    elif match["host"] in DOCKER_HUB:
        expected = "a private registry, not Docker Hub itself"
    if expected:
        yield _invalid("registry_url", url, expected, f"Set registry_url in {REGISTRY_FILE}, for example to reg:5000")


def external_registry_has_passwords(site) -> Iterator[Problem]:
    """An external registry has an account that pushes, and perhaps another one that pulls."""
    if site["registry_host"]:
        return
    accounts, given = site["registry"]["accounts"], site["registry"]["passwords"]
    if not given["push"]:
        yield Problem(
            code=Code.SETTING_MISSING,
            where="registry_password",
            found="no password",
            expected=f"that of account {accounts['push']} at {site['registry_url']}",
            fix=f"Set registry_password in {REGISTRY_FILE}, encrypted with ansible-vault",
        )
    if bool(given["pull"]) != (accounts["pull"] != accounts["push"]):
        yield Problem(
            code=Code.SETTING_CONFLICT,
            where="registry_pull_username, registry_pull_password",
            found="one of them without the other, or the name of registry_username",
            expected="both or none, and another account than registry_username",
            fix=f"Set both or remove both in {REGISTRY_FILE}",
        )


def registry_ca_is_a_certificate(site) -> Iterator[Problem]:
    """The CA is given as text."""
    ca = site["registry"]["ca"]
    if not site["registry_host"] and ca and "-----BEGIN CERTIFICATE-----" not in ca:
        expected = "the PEM text of a certificate: -----BEGIN CERTIFICATE-----..."
        fix = "Read a file with \"{{ lookup('ansible.builtin.file', 'ca.pem') }}\""
        yield _invalid("registry_ca_certificate", "a text without a certificate", expected, fix)


def builders_are_members(site) -> Iterator[Problem]:
    """Images are made on a member, whose engine pushes them."""
    for name in site["builders"]:
        if name not in site["managers"] and name not in site["workers"]:
            yield _invalid("image_builder", name, "a host of group swarm", "Name a manager or a worker, or remove it")


def stack_name_is_valid(site) -> Iterator[Problem]:
    """A stack's name begins the names of its services, secrets and configs."""
    name = site["stack"]["name"]
    if not STACK_NAME.fullmatch(name):
        expected = "letters, digits, - and _, a letter or digit first"
        yield _invalid("stack_name", repr(name), expected, "Use, for example, my-shop")


def stack_settings_fit_the_playbook(site) -> Iterator[Problem]:
    """A number of a release is for a rollback, a rotation for all else."""
    stack, rollback = site["stack"], site["scope"] == "rollback"
    if str(stack["release"]) != "0" and not rollback:
        yield _misplaced("stack_release", stack["release"], "playbooks/rollback.yml only")
    if stack["rotate"] and rollback:
        yield _misplaced("stack_rotate", stack["rotate"], "site.yml and playbooks/deploy.yml only")


def stack_timeout_is_within_the_lease(site) -> Iterator[Problem]:
    """A deploy that takes longer than the lock's lease could lose the lock."""
    timeout, most = str(site["stack"]["timeout"]), lease.LEASE - lease.MARGIN
    # What is no number is found among the variables.
    if timeout.isdecimal() and int(timeout) > most:
        yield Problem(
            code=Code.SETTING_TOO_LARGE,
            where="stack_timeout",
            found=timeout,
            expected=f"at most {most} (the lock expires {lease.LEASE} s after its last renewal)",
            fix=f"Set stack_timeout: {most} or less",
        )


def _invalid(setting: str, found: object, expected: str, fix: str) -> Problem:
    return Problem(code=Code.SETTING_INVALID, where=setting, found=str(found), expected=expected, fix=fix)


def _misplaced(setting: str, found: object, expected: str) -> Problem:
    return Problem(
        code=Code.SETTING_CONFLICT, where=setting, found=str(found), expected=expected, fix=f"Remove {setting}"
    )


RULES = (
    Rule(registry_is_given),
    Rule(registry_url_is_valid, after=frozenset({Code.SETTING_MISSING})),
    Rule(external_registry_has_passwords, after=frozenset({Code.SETTING_MISSING})),
    Rule(registry_ca_is_a_certificate),
    Rule(builders_are_members),
    Rule(stack_name_is_valid),
    Rule(stack_settings_fit_the_playbook),
    Rule(stack_timeout_is_within_the_lease),
)
