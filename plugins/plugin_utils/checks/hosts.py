"""Check that hosts are fit for flotilla, and that none is in the inventory twice."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping

from ...module_utils.observation.host import System
from ..hosts import engine_source
from ..hosts.systems import ENGINE, SYSTEMS
from ..model.intent import Intent
from ..model.problem import Code, Problem, Rule
from .facts import HostFacts

# An idle engine in a swarm takes about 200 MiB, the system as much, and a host should carry a few tasks of 50 MiB.
MEMORY_MIB = 700
# Engine and packages take about 600 MiB, images and their build as much again.
DISK_MIB = 2000
# The registry's certificate is valid from the second in which it is made; a host that is behind refuses it.
CLOCK_SECONDS = 5
DAEMON_JSON = "/etc/docker/daemon.json"
# What the distribution's engine runs on; it is installed with it.
RUNTIME = ("containerd", "runc")
EXCLUDE = 'Unattended-Upgrade::Package-Blacklist { "docker"; "containerd"; "runc"; };'
MACHINE_ID = "Make a new one on one of them (rm /etc/machine-id && systemd-machine-id-setup), then reboot it"
ADDRESS = "Give each its own ansible_host or swarm_advertise_addr"
HOST_NAME = "Give one of them another (hostnamectl set-hostname NAME): tables and pages would show them as one"


def hosts_are_different_machines(facts: HostFacts) -> Iterator[Problem]:
    """One machine is in the inventory once."""
    for names in _machines(facts).values():
        if len(names) > 1:
            yield Problem(
                code=Code.HOST_DUPLICATE,
                hosts=tuple(names),
                found="the same machine under several names",
                expected="one name for each machine",
                fix="Leave one of them in inventory/hosts.yml",
            )


def hosts_share_no_identity(facts: HostFacts) -> Iterator[Problem]:
    """Each machine has a machine-id, a host name and an address of its own."""
    names = [names[0] for names in _machines(facts).values()]
    systems = {name: facts.members[name].system for name in names}
    yield from _shared("machine-id", {name: systems[name].machine_id for name in names}, MACHINE_ID)
    yield from _shared("host name", {name: systems[name].hostname for name in names}, HOST_NAME)
    yield from _shared("address", {name: facts.addresses[name] for name in names}, ADDRESS)


def _machines(facts: HostFacts) -> dict[tuple[str, str], list[str]]:
    """Group the members by what tells machines apart."""
    machines: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, observed in facts.members.items():
        machines[observed.system.machine_id, facts.addresses[name]].append(name)
    return machines


def _shared(kind: str, values: Mapping[str, str], fix: str) -> Iterator[Problem]:
    owners: dict[str, list[str]] = defaultdict(list)
    for name, value in values.items():
        owners[value].append(name)
    for value, names in owners.items():
        if len(names) > 1:
            yield Problem(
                code=Code.HOST_NOT_UNIQUE,
                where=kind,
                hosts=tuple(names),
                found=f"the same {kind} {value or '(none)'}",
                expected="a different one on each host",
                fix=fix,
            )


def systems_are_supported(facts: HostFacts) -> Iterator[Problem]:
    """The system is one that flotilla supports."""
    for name, observed in facts.members.items():
        found = observed.system.distribution
        if found not in SYSTEMS:
            yield _unfit(Code.HOST_SYSTEM, name, found or "unknown", f"one of {', '.join(SYSTEMS)}", "Reinstall it")


def memory_suffices(facts: HostFacts) -> Iterator[Problem]:
    """The engine and a few tasks have room."""
    for name, observed in facts.members.items():
        found = observed.system.memory_mib
        if found < MEMORY_MIB:
            yield _unfit(
                Code.HOST_MEMORY,
                name,
                f"{found} MiB of memory",
                f"at least {MEMORY_MIB} MiB",
                "Give the host more memory, or remove it from the inventory",
            )


def disk_suffices(facts: HostFacts) -> Iterator[Problem]:
    """Packages and images have room."""
    for name, observed in facts.members.items():
        found = observed.system.disk_free_mib
        if found < DISK_MIB:
            yield _unfit(
                Code.HOST_DISK,
                name,
                f"{found} MiB free in /var",
                f"at least {DISK_MIB} MiB",
                "Make room in /var, or give it a larger disk",
            )


def kernel_has_modules(facts: HostFacts) -> Iterator[Problem]:
    """The kernel can do what Swarm's networks need."""
    for name, observed in facts.members.items():
        missing = [module for module, state in observed.modules.items() if state == "missing"]
        if missing:
            yield _unfit(
                Code.HOST_KERNEL,
                name,
                f"kernel {observed.system.kernel} without {', '.join(missing)}",
                *("a kernel that has them", "Install such a kernel and reboot"),
            )


def engine_is_new_enough(facts: HostFacts) -> Iterator[Problem]:
    """The engine supports the health checks that the stack uses."""
    for name, observed in facts.members.items():
        engine = observed.engine
        if engine and engine.major < ENGINE:
            yield _unfit(
                Code.ENGINE_TOO_OLD,
                name,
                f"engine {engine.version}",
                f"{ENGINE} or newer",
                "Upgrade the engine; docs/engine.md says how",
            )


def _unfit(code: Code, name: str, found: str, expected: str, fix: str) -> Problem:
    return Problem(code=code, hosts=(name,), found=found, expected=expected, fix=fix)


def daemon_options_go_with_swarm(facts: HostFacts) -> Iterator[Problem]:
    """Swarm refuses live-restore."""
    for name in facts.members:
        file = facts.desired[name].role("docker").files.get(DAEMON_JSON)
        if file and json.loads(file.text or "{}").get("live-restore"):
            yield Problem(
                code=Code.SETTING_CONFLICT,
                where="docker_daemon_options",
                hosts=(name,),
                found="live-restore: true",
                expected="no live-restore, which excludes Swarm",
                fix="Remove live-restore from docker_daemon_options",
            )


def engine_can_be_had(facts: HostFacts) -> Iterator[Problem]:
    """The source and the version that are set go with each other and with the engine that is there."""
    for name, observed in facts.members.items():
        yield from engine_source.problems(name, facts.desired[name].engine, observed)


def dockerd_accepts_its_settings(facts: HostFacts) -> Iterator[Problem]:
    """The host's own dockerd takes the daemon.json that it is to get; the other playbooks touch no engine."""
    for name, observed in facts.members.items():
        if observed.daemon_config and facts.intent in (Intent.SITE, Intent.DOCKER):
            yield Problem(
                code=Code.ENGINE_SETTINGS,
                where="docker_daemon_options",
                hosts=(name,),
                found=f'what dockerd refuses in the daemon.json made of it, "{observed.daemon_config}"',
                expected="options and values that dockerd accepts (docs/engine.md)",
                fix="Correct or remove what it names",
            )


def engine_is_not_upgraded_unattended(facts: HostFacts) -> Iterator[Problem]:
    """No host restarts its engine when it likes: all would at about the same time, and with tasks on them."""
    for name, observed in facts.members.items():
        engine = facts.desired[name].engine
        # Unattended upgrades take packages from the distribution's archives unless they are told of another.
        own = engine is not None and (engine_source.installed(engine, observed) or engine.source) != "vendor"
        there = [each for each in observed.unattended if observed.packages.get(each) or each in RUNTIME]
        found = [each for each in there if each not in observed.held]
        if own and found and facts.intent in (Intent.SITE, Intent.DOCKER):
            yield _unfit(
                Code.ENGINE_UNATTENDED,
                name,
                f"unattended-upgrades, which would upgrade {', '.join(found)} and restart the engine at any time",
                "an engine that playbooks/upgrade.yml upgrades, one host after another",
                f"Run on the host: echo '{EXCLUDE}' > /etc/apt/apt.conf.d/60docker",
            )


def clocks_agree(facts: HostFacts) -> Iterator[Problem]:
    """No clock is provably apart from those of most others, this machine's among them.

    A host told its time between two moments of this machine's clock, so how far it is ahead lies between two bounds.
    """
    spans = {name: _ahead(observed.system) for name, observed in facts.observed.items()}
    for name, (least, most) in spans.items():
        others = [(0.0, 0.0), *(span for other, span in spans.items() if other != name)]
        gaps = sorted((max(least - other[1], other[0] - most, 0), least > other[1]) for other in others)
        apart = [gap for gap in gaps if gap[0] > CLOCK_SECONDS]
        if len(spans) > 1 and 2 * len(apart) > len(others):
            seconds, ahead = apart[0]
            yield _unfit(
                Code.HOST_CLOCK,
                name,
                f"a clock at least {seconds:.0f} s {'ahead of' if ahead else 'behind'} most",
                f"at most {CLOCK_SECONDS} s",
                "Let it keep time: apt install systemd-timesyncd && timedatectl set-ntp true",
            )


def _ahead(system: System) -> tuple[float, float]:
    """Tell by how many seconds a host's clock is ahead of this machine's, at least and at most."""
    before, after = system.asked
    return system.time - after, system.time - before


SETTINGS_RULES = (Rule(dockerd_accepts_its_settings),)
IDENTITY_RULES = (Rule(hosts_are_different_machines), Rule(hosts_share_no_identity))
RULES = (
    *IDENTITY_RULES,
    Rule(systems_are_supported),
    Rule(memory_suffices),
    Rule(disk_suffices),
    Rule(kernel_has_modules),
    Rule(engine_is_new_enough),
    Rule(daemon_options_go_with_swarm),
    Rule(engine_can_be_had),
    *SETTINGS_RULES,
    Rule(engine_is_not_upgraded_unattended),
    Rule(clocks_agree),
)
