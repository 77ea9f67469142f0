"""Check that hosts reach the registry that is meant, and that it takes the accounts that it must take."""

from __future__ import annotations

from collections.abc import Iterator

from ...module_utils.observation import Observed
from ..model.problem import Code, Problem, Rule
from ..model.registry import Registry
from ..registry.answers import classify
from ..registry.refusals import describe, describe_others
from .facts import HostFacts

# The certificate of the registry that flotilla serves, on its host.
CERTIFICATE = "/etc/docker/registry/server.crt"
FILE = "inventory/group_vars/all/"
# Days before its end from which a certificate is told; of one that lasts less than four times as long, its last
# quarter: who renews by a program has done so by then, as Let's Encrypt advises for the last third
# (https://letsencrypt.org/docs/integration-guide/#when-to-renew).
CERTIFICATE_DAYS = 30
# By code: which setting it is about, what is expected, and what to do.
REMEDIES = {
    Code.REGISTRY_NAME_UNKNOWN: (
        "registry_url",
        "a name that the hosts can resolve",
        f"Set registry_url in {FILE}, or correct the hosts' name server",
    ),
    Code.REGISTRY_REFUSED: (
        "registry_url",
        "a registry that listens at {server}",
        f"Start it, or set registry_url in {FILE}",
    ),
    Code.REGISTRY_WITHOUT_TLS: (
        "registry_url",
        "TLS at {server}",
        f"Give it a certificate, or set registry_insecure: true in {FILE}",
    ),
    Code.REGISTRY_OTHER_NAME: (
        "registry_url",
        "a certificate for {host}",
        f"Renew the certificate, or set registry_url in {FILE}",
    ),
    Code.REGISTRY_UNTRUSTED: (
        "registry_ca_certificate",
        "the CA that signed the certificate of {server}",
        f"Set registry_ca_certificate in {FILE} to that CA's PEM text",
    ),
    Code.REGISTRY_CREDENTIALS: (
        "{settings}",
        "a name and a password that {server} accepts for account {user}",
        f"Set {{settings}} in {FILE}",
    ),
    Code.REGISTRY_LIMITED: (
        "registry_url",
        "requests within what {server} allows in a time",
        "Run again later; docs/registries.md says what counts",
    ),
    Code.REGISTRY_SILENT: (
        "registry_url",
        "a registry at {server} that the hosts reach",
        f"Open its port for them, or set registry_url in {FILE}",
    ),
    Code.REGISTRY_LOGIN: (
        "{settings}",
        "a login of account {user} that {server} accepts",
        f"See the answer; registry_url and {{settings}} are in {FILE}",
    ),
}
# The settings of each account.
SETTINGS = {
    "pull": "registry_pull_username and registry_pull_password",
    "push": "registry_username and registry_password",
}


def misdirected(facts: HostFacts) -> dict[str, str]:
    """Find the hosts that ``registry_url`` does not lead to the registry that flotilla serves.

    It must lead to an address of the registry's host. Once the registry serves, any way to it will do: a host that has
    logged in there, or is shown the registry's certificate there, has found one.

    :return: by inventory name, what was found there
    """
    host = facts.site.registry.host
    if not host:
        return {}
    server = facts.observed[host]
    certificate = server.files.get(CERTIFICATE)
    found = {}
    for name, observed in facts.members.items():
        way = observed.registry_resolution
        # Through a proxy nothing can be told.
        if not way or (certificate and (observed.credentials or way.certificate == certificate.sha256)):
            continue
        if way.error:
            found[name] = f"a name that is unknown there ({way.error})"
        elif not any(_is_of(address, server, name == host) for address in way.addresses):
            found[name] = f"a name or an address that leads to {', '.join(way.addresses)} there"
    return found


def _is_of(address: str, server: Observed, own: bool) -> bool:
    """Tell whether an address is the registry's host; its own name may lead that to its loopback."""
    return address in server.system.addresses or (own and address.startswith("127."))


def registry_url_leads_to_the_registry(facts: HostFacts) -> Iterator[Problem]:
    """All hosts reach the registry that flotilla serves by the same address."""
    host = facts.site.registry.host
    for name, text in misdirected(facts).items():
        addresses = ", ".join(facts.observed[host].system.addresses) or "none"
        yield Problem(
            code=Code.REGISTRY_MISDIRECTED,
            where=f"registry_url {facts.site.registry.url.text}",
            hosts=(name,),
            found=text,
            expected=f"a name or an address of {host}, which serves the registry and has {addresses}",
            fix=f"Set registry_url in {FILE}, or, where it is unset, swarm_advertise_addr of {host}",
        )


def accounts_are_accepted(facts: HostFacts) -> Iterator[Problem]:
    """An external registry takes the accounts for pulling and pushing."""
    told: set[tuple[str, Code, str]] = set()
    for name, observed in facts.members.items():
        for purpose, message in observed.accounts.items():
            code = classify(message)
            # One account or both: who cannot be reached is told once for a host.
            about = purpose if code in (Code.REGISTRY_CREDENTIALS, Code.REGISTRY_LOGIN) else ""
            if message and (name, code, about) not in told:
                told.add((name, code, about))
                yield _refused(facts.site.registry, name, purpose, code, message)


def _refused(registry: Registry, host: str, purpose: str, code: Code, message: str) -> Problem:
    words = {
        "server": registry.url.server,
        "host": registry.url.host,
        "user": registry.account(purpose).name,
        "settings": SETTINGS["push" if registry.is_shared else purpose],
    }
    where, expected, fix = (text.format(**words) for text in REMEDIES[code])
    return Problem(code=code, where=where, hosts=(host,), found=f"the answer {message}", expected=expected, fix=fix)


def other_images_are_let_through(facts: HostFacts) -> Iterator[Problem]:
    """What stacks name of registries can be pulled, as the first manager that answers tells it."""
    manager = next((name for name in facts.site.managers if name in facts.observed), "")
    if manager:
        yield from describe_others(facts.observed[manager].refused_images, manager)


def images_are_let_through(facts: HostFacts) -> Iterator[Problem]:
    """What makes images may push them, and pull what they are copies of, as far as the registry tells that."""
    builder = next((name for name in facts.site.builders if name in facts.observed), "")
    if builder:
        yield from describe(facts.observed[builder].refusals, [builder])


def certificate_lasts(facts: HostFacts) -> Iterator[Problem]:
    """The registry's certificate is valid for a while; only a status asks for it."""
    registry = facts.site.registry
    for name, observed in facts.observed.items():
        begin, end = observed.registry_certificate or (0, 0)
        left, least = (end - observed.system.time) / 86400, min(CERTIFICATE_DAYS, (end - begin) / 86400 / 4)
        if end and left < least:
            renew = f"Remove {CERTIFICATE} on {name} and run site.yml" if registry.host else "Renew it in the registry"
            yield Problem(
                code=Code.REGISTRY_CERTIFICATE,
                where=registry.url.server,
                found=f"a certificate that ends in {left:.0f} days",
                expected=f"one that is valid for {least:.0f} days or more",
                fix=renew,
            )


RULES = (Rule(registry_url_leads_to_the_registry),)
LOGIN_RULES = (Rule(accounts_are_accepted), Rule(images_are_let_through), Rule(other_images_are_let_through))
