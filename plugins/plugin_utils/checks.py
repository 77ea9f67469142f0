"""Check what a user wrote before any host is asked to change.

Each problem is one sentence: what was found, what is wanted, where to mend it.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from pathlib import Path

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator


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
    registry = groups.get("registry", [])
    if len(registry) > 1:
        problems.append(
            f"group registry has {', '.join(registry)}, wanted is one host or none; see inventory/hosts.yml"
        )
    return problems


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
    return [f"{message} ({_name(names, hosts)})" for message, names in found.items()]


def check_site(site):
    """Check what needs no host to be asked.

    :param site: see ``plan.make_plan``
    :return: list of problems
    """
    problems = []
    if not site["registry_url"]:
        problems.append("registry_url is empty and no host is in group registry, wanted is one of both")
    elif ":" not in site["registry_url"] or "/" in site["registry_url"]:
        problems.append(f"registry_url is {site['registry_url']}, wanted is host:port")
    members = [*site["managers"], *site["workers"]]
    if site["builder"] not in members:
        problems.append(f"image_builder is {site['builder']}, wanted is a host of group swarm")
    return problems


def _name(names, everyone):
    return "all hosts" if len(names) == len(everyone) > 1 else ", ".join(sorted(names))
