"""Leave out of a plan what is not for the playbook that asks for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from ...module_utils.observation import Observed
from ..hosts import state
from ..model.intent import Intent
from ..model.phase import Phase
from ..model.problem import Code, Problem
from ..model.registry import Registry
from ..model.site import Site
from ..swarm.membership import Membership
from .result import ENTRY_POINTS, HostPlan
from .situation import Situation

GATE = (Phase.CHECK_SERVICES, Phase.CHECK_PAGE)
STACK = (Phase.PULL_IMAGES, Phase.DEPLOY, Phase.CLEAN_UP, *GATE)
IMAGES = (Phase.START_BASE_IMAGES, Phase.BUILD_IMAGES, Phase.OBSERVE_IMAGES)
# Where the stacks' volumes get their nodes.
PLACES = (Phase.JOIN_MANAGERS, Phase.JOIN_WORKERS)
# Of site.yml, behind those that other playbooks have, too.
AFTERWARDS = (Phase.REBALANCE, Phase.REMOVE_FIREWALL)
# The phases of each intent; those that surround all others come to them.
PHASES: Mapping[Intent, Collection[Phase]] = {
    Intent.SITE: (*(phase for phase in Phase if not phase.comes_after(Phase.LOG_OUT)), *AFTERWARDS, *GATE),
    # What a deploy publishes may be for some visitors alone.
    Intent.DEPLOY: (Phase.OPEN_FIREWALL, *IMAGES, *STACK),
    Intent.ROLLBACK: STACK,
    Intent.EVICT: (
        Phase.EVICT,
        Phase.OPEN_FIREWALL,
        # Data that was lost with the host gets another place.
        *PLACES,
        *(Phase.SERVE_REGISTRY, Phase.LOG_IN, Phase.OBSERVE_REGISTRY),
        *IMAGES,
        *STACK,
        Phase.END_EVICTION,
    ),
    # Alone, the role places the stack's data itself.
    Intent.STACK: (*PLACES, Phase.OBSERVE_IMAGES, *STACK),
}
# What is wrong with the swarm's members and stands against a rollback, too: nobody answers for the swarm, or somebody
# who cannot be believed. Whatever else is, site.yml tells when it changes members.
OF_ROLLBACK = frozenset(
    {
        Code.SWARM_UNKNOWN,
        Code.SWARM_SEVERAL,
        Code.SWARM_WITHOUT_MANAGER,
        Code.SWARM_WITHOUT_QUORUM,
        Code.MANAGERS_UNREACHABLE,
        Code.NODE_CLAIMED,
    }
)
BESIDE = "this does not concern the rollback: {}"
# Those that end with a deploy.
DEPLOYS = (Intent.DEPLOY, Intent.RESTORE, Intent.STACK)


def deploys(intent: Intent) -> bool:
    """Tell whether a run with an intent deploys stacks, or one that follows it at once."""
    return intent in DEPLOYS or Phase.DEPLOY in PHASES.get(intent, ())


def concerning(intent: Intent, found: Iterable[Problem]) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """Sort problems of the swarm's members: those that forbid a run, and those that do not concern it."""
    problems = tuple(found)
    if intent is not Intent.ROLLBACK:
        return problems, ()
    forbidding = tuple(problem for problem in problems if problem.code in OF_ROLLBACK)
    return forbidding, tuple(problem for problem in problems if problem.code not in OF_ROLLBACK)


def check_settings(site: Site, intent: Intent) -> Iterator[Problem]:
    """A number of a release is for a rollback, a rotation for all else; and each is for a stack."""
    rollback = intent is Intent.ROLLBACK
    if not site.chosen and len(site.stacks) > 1 and (rollback or any(each.rotate or each.lost for each in site.stacks)):
        yield Problem(
            code=Code.SETTING_MISSING,
            where="stack",
            found=f"{len(site.stacks)} stacks",
            expected="the name of the stack that this run is about",
            fix=f"Add -e stack=NAME, one of: {', '.join(stack.name for stack in site.stacks)}",
        )
        return
    for stack in site.stacks:
        if stack.release and not rollback:
            problem = _misplaced("stack_release", str(stack.release), "playbooks/rollback.yml only")
            yield site.titled(stack.name, problem)
        if stack.rotate and rollback:
            problem = _misplaced("stack_rotate", ", ".join(stack.rotate), "site.yml and playbooks/deploy.yml only")
            yield site.titled(stack.name, problem)


def _misplaced(setting: str, found: str, expected: str) -> Problem:
    return Problem(code=Code.SETTING_CONFLICT, where=setting, found=found, expected=expected, fix=f"Remove {setting}")


def check(now: Situation, members: Membership, needed: Collection[str]) -> Iterator[Problem]:
    """Check that the site is set up, where a playbook does not do that itself.

    :param needed: labels of the volumes of the stacks that are deployed
    """
    if now.intent is Intent.SITE:
        return
    asking = {name: now.observed[name] for name in dict.fromkeys(_asking(now, members)) if name}
    unplaced = any(_leaves_unplaced(now, name, {*labels} & {*needed}) for name, labels in members.labels.items())
    stored = all(observed.credentials for observed in asking.values()) and _takes_images(now)
    if members.creates or members.join_manager != members.deploy_manager or unplaced or not stored:
        yield _not_set_up(now.intent)
    elif now.intent in DEPLOYS:
        yield from _refused_logins(now.site.registry, asking)


def _takes_images(now: Situation) -> bool:
    """Tell whether the registry that flotilla serves has the settings by which images are pushed to it."""
    host = now.site.registry.host
    if now.intent not in DEPLOYS or host not in now.observed:
        return True
    files = now.desired(host).role("registry_server").files
    own = ((file, now.observed[host].files[path]) for path, file in files.items() if file.text is not None)
    return all(found and not state.differs(file, found) for file, found in own)


def _leaves_unplaced(now: Situation, name: str, labels: Collection[str]) -> bool:
    """Tell whether the data that a host is to have waits for a run of ``site.yml``.

    :param labels: of that data
    """
    places = now.intent in (Intent.STACK, Intent.EVICT) and bool(now.observed[name].swarm.node_id)
    return bool(labels) and not places


def _asking(now: Situation, members: Membership) -> tuple[str, ...]:
    """Name the hosts that pull or push with their login."""
    return (members.join_manager, now.builder) if now.intent in DEPLOYS else (members.join_manager,)


def _not_set_up(intent: Intent) -> Problem:
    return Problem(
        code=Code.SITE_NOT_SET_UP,
        where=f"role {intent}" if intent.is_of_one_role else f"playbooks/{intent}.yml",
        found="a site that is not set up, or not wholly",
        expected="a swarm with its managers, data placed and hosts logged in to the registry",
        fix="Run site.yml",
    )


def _refused_logins(registry: Registry, asking: Mapping[str, Observed]) -> Iterator[Problem]:
    for name, observed in asking.items():
        if observed.login:
            yield Problem(
                code=Code.REGISTRY_LOGIN,
                where=registry.url.text,
                hosts=(name,),
                found=f"the answer {observed.login}",
                expected="a registry that takes the stored login",
                fix="Bring the registry back, or run site.yml, which logs in (a rollback needs no registry)",
            )


def limit(intent: Intent, hosts: Mapping[str, HostPlan]) -> dict[str, HostPlan]:
    """Keep what the playbook does.

    :param hosts: the plan of everything
    """
    return {name: host.without_changes(PHASES[intent].__contains__) for name, host in hosts.items()}


def left_out(intent: Intent, hosts: Mapping[str, HostPlan]) -> list[str]:
    """Say what the playbook leaves to ``site.yml``.

    :param hosts: see ``limit``
    """
    left = dict[str, list[str]]()
    if intent.is_of_one_role:
        return []
    for name, host in hosts.items():
        for phase, changes in host.changes.items():
            for change in changes if phase not in PHASES[intent] else ():
                left.setdefault(f"{ENTRY_POINTS[phase].role}: {change.text}", []).append(name)
    return [f"left to site.yml: {', '.join(names)}: {text}" for text, names in left.items()]
