"""Check that a host's firewall lets the members of the swarm in, and name the rules that are missing.

Published ports need no rule: the engine forwards them before the rules of ufw and firewalld are asked.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from ...module_utils.observation.network import Firewall
from ..hosts.firewall import read
from ..model.problem import Code, Problem, Rule
from ..model.site import Site
from ..stacks.file import parse
from .facts import HostFacts

# The protocol of encrypted overlay networks, which has no ports (RFC 4303), written as one.
ESP = "50/esp"


def members_are_let_in(facts: HostFacts) -> Iterator[Problem]:
    """A firewall lets the other members in; the rules that are missing are told as commands."""
    members = {name: facts.addresses[name] for name in facts.members}
    for name, observed in facts.observed.items():
        firewall = observed.firewall
        if not firewall:
            continue
        peers = [address for member, address in members.items() if member != name]
        closed = {
            port: [peer for peer in found if not _is_open(firewall, port, peer)]
            for port, found in _sources(facts, name, peers).items()
        }
        shut_out = [peer for peer in peers if any(peer in found for found in closed.values())]
        if shut_out:
            yield Problem(
                code=Code.FIREWALL_CLOSED,
                hosts=(name,),
                found=f"{firewall.kind} keeps other hosts from {', '.join(p for p in closed if closed[p])}",
                expected="a firewall that lets the members of the swarm in",
                fix=f"Run as root on {name}: {_commands(firewall.kind, closed, shut_out)}",
            )


def _sources(facts: HostFacts, name: str, peers: Sequence[str]) -> dict[str, list[str]]:
    """Return by port of a host who must reach it there: the other members, or those of them that may build images."""
    desired, building = facts.desired[name], {facts.addresses.get(builder) for builder in facts.site.builders}
    ports = [port for role in ("swarm", "registry_server") for port in desired.role(role).ports]
    ports += [ESP] if _encrypts(facts.site) else []
    members = {port: list(peers) for port in ports}
    builders = [peer for peer in peers if peer in building]
    return members | dict.fromkeys(desired.role("registry_push").ports, builders)


def _encrypts(site: Site) -> bool:
    """Tell whether a stack has a network whose traffic between nodes is encrypted."""
    networks = [each for stack in site.stacks for each in parse(stack.text).section("networks").values()]
    return any("encrypted" in (network.get("driver_opts") or {}) for network in networks)


def _is_open(firewall: Firewall, port: str, peer: str) -> bool:
    number, protocol = port.split("/")
    for rule in firewall.rules:
        if rule.protocol in ("any", protocol) and _has_port(rule.port, int(number)) and _has_source(rule.source, peer):
            return rule.allow
    return firewall.incoming == "allow"


def _has_port(ports: str, number: int) -> bool:
    """Tell whether ``any``, ``22``, ``80,443`` or ``1000-2000`` has a port."""
    if ports == "any":
        return True
    bounds = [list(map(int, part.split("-"))) for part in ports.split(",")]
    return any(bound[0] <= number <= bound[-1] for bound in bounds)


def _has_source(source: str, peer: str) -> bool:
    if source == "any":
        return True
    try:
        return ipaddress.ip_address(peer) in ipaddress.ip_network(source, strict=False)
    except ValueError:  # A name, or one of firewalld's sets.
        return False


def _commands(kind: str, closed: Mapping[str, Sequence[str]], peers: Sequence[str]) -> str:
    if kind == "firewalld":
        sources = " ".join(f"--add-source={peer}" for peer in peers)
        return f"firewall-cmd --permanent --zone=trusted {sources} && firewall-cmd --reload"
    numbers: dict[str, list[str]] = defaultdict(list)
    for port, found in closed.items():
        if found and port != ESP:
            numbers[port.split("/")[1]].append(port.split("/")[0])
    rules = [f"ufw allow proto {protocol} from $a to any port {','.join(ports)}" for protocol, ports in numbers.items()]
    rules += ["ufw allow proto esp from $a"] if closed.get(ESP) else []
    return f"for a in {' '.join(peers)}; do {'; '.join(rules)}; done"


def who_is_let_in_is_given_by_addresses(facts: HostFacts) -> Iterator[Problem]:
    """Who is let in beside members is no name, and not everybody."""
    for name, desired in facts.desired.items():
        settings = desired.firewall
        if settings:
            yield from _no_addresses(name, "firewall_trusted", settings.trusted, "set firewall_enabled: false")
            yield from _no_addresses(name, "firewall_visitors", settings.visitors, "leave the list empty")


def _no_addresses(host: str, setting: str, texts: Sequence[str], everybody: str) -> Iterator[Problem]:
    found = [text for text in texts if not read(text)]
    if found:
        yield Problem(
            code=Code.SETTING_INVALID,
            where=setting,
            hosts=(host,),
            found=", ".join(found),
            expected="addresses and networks, such as 192.0.2.0/24",
            fix=f"Correct it; to let everybody in, {everybody}",
        )


def visitors_are_kept_out_by_rules(facts: HostFacts) -> Iterator[Problem]:
    """Where flotilla sets no rules, published ports would be open to everybody in spite of a list of visitors."""
    for name, desired in facts.desired.items():
        settings, observed = desired.firewall, facts.observed.get(name)
        if not settings or not settings.visitors:
            continue
        other = observed.firewall if observed else None
        if other and other.incoming == "deny":
            found, fix = f"{other.kind}, which published ports bypass", f"Turn {other.kind} off, or remove the setting"
        elif not settings.enabled:
            found, fix = "firewall_enabled: false", "Remove one of the two settings"
        else:
            continue
        yield Problem(
            code=Code.SETTING_CONFLICT,
            where="firewall_visitors",
            hosts=(name,),
            found=found,
            expected="the rules of role firewall, which alone keep others from published ports",
            fix=fix,
        )


RULES = (Rule(members_are_let_in), Rule(who_is_let_in_is_given_by_addresses), Rule(visitors_are_kept_out_by_rules))
