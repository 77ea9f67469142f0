"""Check what a user wrote before any host is asked to change.

Each problem is one sentence: what was found, what is wanted, where to mend it.
"""

from __future__ import annotations

import difflib
import json
import re
from collections import defaultdict
from pathlib import Path

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..hosts import engine_source
from ..hosts.systems import ENGINE, SYSTEMS
from ..lock import lease as lock
from ..registry import accounts as registry

GROUPS = ("managers", "workers", "swarm", "registry")
# An idle engine in a swarm takes about 200 MiB, the system as much, and a host should carry a few tasks of 50 MiB.
MEMORY_MIB = 700
# Engine and packages take about 600 MiB, images and their build as much again.
DISK_MIB = 2000
# What Swarm takes at the start of a service's name. A dot would also make one stack's records look like another's.
STACK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
MACHINE_ID = "make a new one on one of them (rm /etc/machine-id && systemd-machine-id-setup), then reboot it"
ADDRESS = "give each its own ansible_host or swarm_advertise_addr"
HOST_NAME = "tables and pages would show them as one; give one of them another (hostnamectl set-hostname NAME)"


def load_specs(roles):
    """Read the argument specs of all roles.

    :param roles: path of the folder of roles
    :return: dict of variable name to its option, over all roles
    """
    options = {}
    for path in sorted(Path(roles).glob("*/meta/argument_specs.yml")):
        for entry in yaml.safe_load(path.read_text())["argument_specs"].values():
            options |= entry.get("options", {})
    return options


def check_groups(groups):
    """Check who is who.

    :param groups: dict of group name to list of inventory names
    :return: list of problems
    """
    managers, workers = groups.get("managers", []), groups.get("workers", [])
    problems = []
    if not managers:
        problems.append("group managers is empty, wanted is at least one host; add it in inventory/hosts.yml")
    for name in sorted(set(managers) & set(workers)):
        problems.append(f"{name} is in managers and in workers, wanted is one of them; see inventory/hosts.yml")
    for name in groups.get("swarm", []):
        if name not in managers and name not in workers:
            problems.append(f"{name} is in swarm, but neither in managers nor in workers; see inventory/hosts.yml")
    for name in groups.get("removed", []):
        if name in groups.get("swarm", []):
            problems.append(f"{name} is in removed and in swarm, wanted is one of them; see inventory/hosts.yml")
    for group in sorted(groups.keys() - {*GROUPS}):
        lost = [name for name in groups[group] if name not in managers and name not in workers]
        near = difflib.get_close_matches(group, GROUPS, 1, cutoff=0.85)
        if lost and near:
            problems.append(f"{', '.join(lost)} in group {group}, wanted is perhaps {near[0]}; see inventory/hosts.yml")
    registry = groups.get("registry", [])
    for name in registry:
        if name in groups.get("removed", []):
            problems.append(
                f"{name} is in removed, but serves the registry; put another host into group registry (its images are "
                "made anew there), run, and retire it then"
            )
    if len(registry) > 1:
        problems.append(
            f"group registry has {', '.join(registry)}, wanted is one host or none; see inventory/hosts.yml"
        )
    return problems


def check_limit(groups, names):
    """Check that a run takes in the whole inventory: a plan of a part could cost the swarm its majority.

    :param groups: dict of group name to list of inventory names
    :param names: inventory names of the hosts that this run was given
    :return: list of problems
    """
    everyone = dict.fromkeys(name for group in ("swarm", "registry", "removed") for name in groups.get(group, []))
    left_out = [name for name in everyone if name not in names]
    if not left_out:
        return []
    return [
        f"--limit leaves out {', '.join(left_out)}; a plan needs all hosts of the inventory, and costs those with "
        "nothing to do one look each. Run without --limit; a host that does not answer stops no other"
    ]


def own_names(names, options):
    """Select the variables that carry a prefix of ours.

    :param names: iterable of variable names
    :param options: see ``load_specs``
    :return: set of str
    """
    prefixes = tuple({f"{name.split('_')[0]}_" for name in options})
    return {name for name in names if name.startswith(prefixes)}


def check_variables(hosts, options):
    """Check names and types of the variables that a user set.

    :param hosts: dict of inventory name to the host's variables with a prefix of ours
    :param options: see ``load_specs``
    :return: list of problems, the same problem of several hosts once
    """
    found = defaultdict(list)
    for host, own in hosts.items():
        for name in own.keys() - options.keys():
            near = difflib.get_close_matches(name, options, 1, cutoff=0.75)
            hint = f"; did you mean {near[0]}?" if near else "; docs/variables.md lists all"
            found[f"flotilla has no variable {name}{hint}"].append(host)
        known = {name: options[name] for name in own.keys() & options.keys()}
        result = ArgumentSpecValidator(known).validate({name: own[name] for name in known})
        for message in result.error_messages:
            found[message].append(host)
        for name, value in result.validated_parameters.items():
            if known[name].get("type") == "int" and isinstance(value, int) and value < 1:
                found[f"{name} is {value}, wanted is at least 1"].append(host)
    return [f"{message} ({name_hosts(names, hosts)})" for message, names in found.items()]


def check_site(site):
    """Check what needs no host to be asked.

    :param site: see ``plan.make_plan``
    :return: list of problems
    """
    problems = registry.check(site)
    members = [*site["managers"], *site["workers"]]
    for name in set(site["builders"]) - set(members):
        problems.append(f"image_builder is {name}, wanted is a host of group swarm")
    if not STACK_NAME.fullmatch(site["stack"]["name"]):
        problems.append(
            f"stack_name is {site['stack']['name']!r}, wanted are letters and digits, with - and _ between them"
        )
    if str(site["stack"]["release"]) != "0" and site["scope"] != "rollback":
        problems.append(f"stack_release is {site['stack']['release']}, which only playbooks/rollback.yml takes")
    if site["stack"]["rotate"] and site["scope"] == "rollback":
        problems.append(f"stack_rotate is {site['stack']['rotate']}, which playbooks/rollback.yml does not take")
    timeout = str(site["stack"]["timeout"])
    # What is no number is found among the variables.
    if timeout.isdecimal() and int(timeout) > lock.LEASE - lock.MARGIN:
        problems.append(
            f"stack_timeout is {timeout}, wanted is at most {lock.LEASE - lock.MARGIN}: a run that does "
            f"not renew its lock for {lock.LEASE} s loses it"
        )
    return problems


def check_hosts(hosts, addresses):
    """Check what was seen on the hosts.

    :param hosts: dict of inventory name to the result of ``flotilla.swarm.observe``, members of the swarm only
    :param addresses: dict of inventory name to the address that other nodes will use
    :return: list of problems
    """
    systems = {name: host["seen"]["system"] for name, host in hosts.items()}
    machines, problems = {}, []
    for name, system in systems.items():
        other = machines.setdefault((system["machine_id"], addresses[name]), name)
        if other != name:
            problems.append(f"{other} and {name} are the same machine; take one of them out of inventory/hosts.yml")
    names = machines.values()
    problems += [
        *_shared("machine-id", {name: systems[name]["machine_id"] for name in names}, MACHINE_ID),
        *_shared("host name", {name: systems[name]["hostname"] for name in names}, HOST_NAME),
        *_shared("address", {name: addresses[name] for name in names}, ADDRESS),
    ]
    for name, host in hosts.items():
        problems += [f"{name}: {problem}" for problem in _host_problems(host["wanted"], host["seen"])]
    found = defaultdict(list)
    for name, host in hosts.items():
        for problem in engine_source.problems(host["wanted"].get("docker_engine", {}), host["seen"]):
            found[problem].append(name)
    return problems + [f"{problem} ({name_hosts(names, hosts)})" for problem, names in found.items()]


def _shared(kind, values, remedy):
    """Name the hosts that share what each must have for itself."""
    owners = defaultdict(list)
    for name, value in values.items():
        owners[value].append(name)
    for value, names in owners.items():
        if len(names) > 1:
            yield f"{' and '.join(names)} have the same {kind} {value or '(none)'}; {remedy}"


def _host_problems(wanted, seen):
    system, engine = seen["system"], seen["engine"]
    if system["distribution"] not in SYSTEMS:
        yield f"its system is {system['distribution'] or 'unknown'}, wanted is one of {', '.join(SYSTEMS)}"
    if system["memory_mib"] < MEMORY_MIB:
        yield f"it has {system['memory_mib']} MiB of memory, wanted are at least {MEMORY_MIB}"
    if system["disk_free_mib"] < DISK_MIB:
        yield f"/var has {system['disk_free_mib']} MiB free, wanted are at least {DISK_MIB}"
    missing = [module for module, state in seen["modules"].items() if state == "missing"]
    if missing:
        yield f"its kernel {system['kernel']} lacks {', '.join(missing)}; install a kernel that has them"
    if engine and int(engine["version"].split(".")[0]) < ENGINE:
        yield f"its engine is {engine['version']}, wanted is {ENGINE} or newer; upgrade it"
    settings = (wanted.get("docker", {}).get("files", {}).get("/etc/docker/daemon.json") or {}).get("text") or "{}"
    if json.loads(settings).get("live-restore"):
        yield "docker_daemon_options has live-restore, which excludes Swarm; take it out"


def name_hosts(names, everyone):
    """Name the hosts of a problem, or say that it is all of them."""
    return "all hosts" if len(names) == len(everyone) > 1 else ", ".join(sorted(names))
