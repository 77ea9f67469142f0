"""What a run is made from: the settings that users wrote, and the site that all roles' variables describe together.

Read once, on the control node. Whatever is wrong with it becomes a problem here, and nothing later checks it again.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import secrets
import shutil
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ansible.errors import AnsibleError

from ..backup import folder
from ..backup.key import read_key, require_age
from ..checks import control, groups, settings
from ..checks import site as site_checks
from ..lock import process
from ..model.intent import Intent
from ..model.problem import Code, Problem, ProblemError, find, merge
from ..model.request import NO_BACKUP, Backup
from ..model.site import Site, Stack, read_site
from ..stacks.file import parse
from ..stacks.secrets import read_configs
from . import answers, inventory_files
from .answers import Raw
from .role_variables import ROLES, RoleVariables

# Intents that need nothing of a registry.
WITHOUT_REGISTRY = (
    Intent.DOCKER,
    Intent.FIREWALL,
    Intent.SWARM,
    Intent.REBALANCE,
    Intent.MOVE,
    Intent.REMOVE,
    Intent.RESET,
    Intent.LOGS,
    Intent.EXEC,
    Intent.RUN,
)
# Intents that make stacks of the inventory, or tell what would be made.
DEFINING = (Intent.SITE, Intent.DEPLOY, Intent.EVICT, Intent.STACK, Intent.STATUS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteInput:
    """The input of a run.

    :ivar raw: the site as plain data; empty where it cannot be read
    :ivar fatal: problems without whose end nothing can be said of the hosts
    :ivar wrong: what is told beside all that is found out of the hosts
    :ivar beside: what is told in a note, since it does not concern the run
    """

    raw: Raw
    fatal: tuple[Problem, ...]
    wrong: tuple[Problem, ...]
    beside: tuple[Problem, ...] = ()

    @property
    def digest(self) -> str:
        """Return what tells whether the input is another one than earlier in the run."""
        return hashlib.sha256(json.dumps(self.raw, sort_keys=True, default=str).encode()).hexdigest()


def read_input(
    roles: RoleVariables, variables: Raw, variable: str, observed: Mapping[str, Raw], intent: Intent
) -> SiteInput:
    """Read and check settings, groups and the site.

    What is made of a user's settings and groups mostly cannot be read for what is told of those already.

    :param roles: the variables of all roles for the play's first host
    :param variables: that host's own
    :param variable: name of the one that describes the site
    :param observed: answers by inventory name
    """
    inventory = groups.Inventory(variables["groups"], list(observed))
    wrong, unusable = _check_settings(variables, inventory)
    # Role docker alone takes the hosts of its play, whatever groups they are in.
    rules, run_rules = ((), ()) if intent is Intent.DOCKER else (groups.RULES, groups.RUN_RULES)
    fatal = [*control.ansible_is_recent(), *unusable, *find(inventory, rules)]
    raw, reasons = _template(roles, variable)
    reasons += answers.unreadable(observed)
    fatal = fatal or [settings.unreadable("the inventory", reason) for reason in dict.fromkeys(reasons)]
    senseless = _check_site(raw, unusable, intent) if raw and intent not in WITHOUT_REGISTRY else []
    beside = _beside_rollback(raw, senseless) if raw and intent is Intent.ROLLBACK else ()
    senseless = [problem for problem in senseless if problem not in beside]
    if intent.only_tells:
        wrong = (*wrong, *senseless)
    else:
        fatal += senseless
    if not unusable:
        fatal += answers.missing(observed)
    return SiteInput(raw=raw, fatal=(*fatal, *find(inventory, run_rules)), wrong=wrong, beside=beside)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedInput:
    """The input as far as it can be judged without a host; ``None`` where the site cannot be read."""

    site: Site | None
    problems: tuple[Problem, ...]


def check_input(roles: RoleVariables, variables: Raw, variable: str, hosts: Sequence[str]) -> CheckedInput:
    """Read and check settings, groups and the stacks that the run is about.

    :param roles: the variables of all roles for the play's host
    :param variables: that host's own
    :param variable: name of the one that describes the site
    :param hosts: inventory names of all hosts
    """
    inventory = groups.Inventory(variables["groups"], list(hosts))
    wrong, unusable = _check_settings(variables, inventory)
    wrong = (*control.ansible_is_recent(), *wrong)
    raw, reasons = _template(roles, variable)
    if unusable or reasons:
        unreadable = [settings.unreadable("the inventory", reason) for reason in dict.fromkeys(reasons)]
        return CheckedInput(site=None, problems=merge((*wrong, *(unusable or unreadable))))
    senseless = _check_site(raw, unusable, Intent.SITE)
    site = complete_site(roles, raw, Intent.SITE)
    if isinstance(site, Problem):
        return CheckedInput(site=None, problems=merge((*wrong, *senseless, site)))
    others = tuple(f"stacks.{stack.name}." for stack in site.stacks if not site.is_chosen(stack.name))
    found = merge((*wrong, *senseless))
    return CheckedInput(site=site, problems=tuple(one for one in found if not one.where.startswith(others)))


def _check_site(raw: Raw, unusable: Sequence[Problem], intent: Intent) -> list[Problem]:
    """Check settings against each other, but for those that are told already.

    :param unusable: settings of the wrong kind, which may leave nothing to be checked
    """
    told = {problem.where.split(" ")[0] for problem in unusable}
    try:
        site = read_site(raw)
    except (TypeError, ValueError, AttributeError):
        if not unusable:
            raise
        return []
    rules = (*site_checks.RULES, *(site_checks.DEFINITION_RULES if intent in DEFINING else ()))
    return [problem for problem in find(site, rules) if problem.where.split(" ")[0] not in told]


def _beside_rollback(raw: Raw, found: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return those of the problems of a site that do not concern a rollback: it needs the release's file alone.

    :param found: empty where the site cannot be read
    """
    if not found:
        return ()
    site = read_site(raw)
    chosen = replace(site, stacks=tuple(stack for stack in site.stacks if site.is_chosen(stack.name)))
    needed = (*find(site, site_checks.ROLLBACK_RULES), *find(chosen, site_checks.ROLLED_BACK_RULES))
    return tuple(problem for problem in found if problem not in needed)


def _check_settings(variables: Raw, inventory: groups.Inventory) -> tuple[tuple[Problem, ...], list[Problem]]:
    """Check what users wrote.

    :return: all problems of settings, and those that the site cannot be made with
    """
    hostvars, options = variables["hostvars"], settings.load_options(ROLES)
    own = {name: settings.own_names(hostvars.raw_get(name), options) for name in inventory.hosts}
    files = inventory_files.read_files(variables.get("ansible_inventory_sources") or ())
    places = {host: {name: files.place(name, hostvars.raw_get(host)[name]) for name in own[host]} for host in own}
    values, unreadable = _read(hostvars, own, places)
    wrong = (
        *files.problems,
        *files.without_group(inventory.groups, [role.name for role in ROLES.iterdir()]),
        *settings.check_variables(values, options, places, settings.load_entry_options(ROLES)),
        *groups.settings_agree(inventory, values),
    )
    return wrong, [*(problem for problem in wrong if problem.code is Code.SETTING_INVALID), *unreadable]


def _read(
    hostvars: Mapping[str, Raw], own: Mapping[str, set[str]], places: settings.Places
) -> tuple[dict[str, dict[str, object]], tuple[Problem, ...]]:
    """Read the variables that users set: a vault may be locked, an expression may name what is not there.

    :param own: by inventory name, the names of its variables
    :return: by inventory name its variables, and the problems, the same of several hosts once
    """
    values: dict[str, dict[str, object]] = {}
    problems: list[Problem] = []
    for host, names in own.items():
        values[host] = {}
        for name in sorted(names):
            try:
                values[host][name] = hostvars[host][name]
            except AnsibleError as error:
                problems.append(settings.unreadable(settings.place(name, host, places), error, (host,)))
    return values, merge(problems)


def _template(roles: RoleVariables, variable: str) -> tuple[Raw, list[str]]:
    """Return a variable, or ``{}``, and the reasons why it cannot be read."""
    try:
        return roles.template(variable), []
    except AnsibleError as error:
        return {}, [str(error)]


def complete_site(roles: RoleVariables, raw: Raw, intent: Intent) -> Site | Problem:
    """Return the site with what lies on the control node, with time, user and salt, and with the values of secrets.

    The values are taken here, so that no task's arguments hold them.

    :return: the problem where a file cannot be read or is not what it should be
    """
    values = roles.template("__stack_values")
    configs, unread = _read_configs(raw)
    # A rollback brings back the configs of its release.
    if unread and intent is not Intent.ROLLBACK:
        return next(iter(unread.values()))
    try:
        site = read_site(
            raw,
            salt=secrets.token_hex(16),
            user=f"{getpass.getuser()}@{socket.gethostname()}",
            process=process.identify().process,
            values={
                stack: {name: str(value or "") for name, value in given.items()} for stack, given in values.items()
            },
            configs=configs,
            backup=_read_backup(raw, intent) if intent in (Intent.BACKUP, Intent.RESTORE) else NO_BACKUP,
        )
        site = replace(site, stacks=tuple(_with_problem(stack, unread.get(stack.name)) for stack in site.stacks))
        if intent is not Intent.MOVE:
            return site
        return replace(site, move=replace(site.move, free_mib=_free_mib(site.move.folder)))
    except ProblemError as error:
        return error.problem


def _with_problem(stack: Stack, problem: Problem | None) -> Stack:
    return replace(stack, problems=(*stack.problems, problem)) if problem else stack


def _read_configs(raw: Raw) -> tuple[dict[str, dict[str, bytes]], dict[str, Problem]]:
    """Read by stack the files of its configs.

    :return: the contents, and by stack the problem where they cannot be read
    """
    site, configs, problems = read_site(raw), dict[str, dict[str, bytes]](), dict[str, Problem]()
    for stack in raw["stacks"]:
        name = str(stack["name"])
        try:
            configs[name] = read_configs(parse(str(stack["text"])))
        except OSError as error:
            problems[name] = site.titled(name, settings.unreadable(".files", error))
        except ProblemError as error:
            problems[name] = site.titled(name, error.problem)
    return configs, problems


def _free_mib(folder: str) -> int:
    """Tell how much room is on the disk of a folder that may be still to be made."""
    there = next((each for each in (Path(folder), *Path(folder).parents) if each.exists()), Path("/"))
    return shutil.disk_usage(there).free // 2**20


def _read_backup(raw: Raw, intent: Intent) -> Backup:
    """Return where a backup goes now, and what the one that is restored has.

    :raise ProblemError: it cannot be restored, or the key cannot be used
    """
    given, at = raw["backup"], f"{datetime.now(UTC):{folder.TIME}}"
    source, path, newer_than = str(given["from"]), Path(given["key_file"]), str(given["newer_than"])
    require_age()
    folder.check_time(newer_than)
    made = Backup(folder=f"{given['dir']}/{at}", at=at, key=str(path), source=source, makes_key=not path.exists())
    if intent is Intent.RESTORE:
        if not source or not (Path(source) / folder.MANIFEST).is_file():
            raise folder.no_backup(source)
        return replace(made, saved=folder.read(source, read_key(path), bool(raw["registry_host"]), newer_than))
    if not made.makes_key:
        read_key(path)
    return made
