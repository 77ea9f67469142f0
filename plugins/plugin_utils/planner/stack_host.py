"""Plan what a host does for the stacks: pull before, deploy, visit their pages, and clean up behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...module_utils.observation import Observed
from ...module_utils.observation.host import LocalImage
from ..model.change import Change
from ..model.phase import Phase
from ..stacks import releases
from ..stacks.file import parse
from ..swarm.membership import Membership
from .arguments.stack import CheckPage, CleanUp, Deploy, PullImages, Release, StackDeploy, Visit
from .result import NO_CHANGES, HostPlan, merge
from .situation import Situation
from .stack import StackDecision, StackDecisions


def plan_host(now: Situation, members: Membership, decided: StackDecisions, name: str) -> HostPlan:
    """Plan what a host does for the stacks: pull before, deploy, visit their pages and clean up behind them."""
    acts = name == members.deploy_manager
    return merge(
        _plan_pull(decided.pulls.get(name, ())),
        _plan_deploy(now, decided) if acts else HostPlan(),
        _plan_pages(now, decided, name),
        _plan_clean_up(decided if acts and now.is_served else None, decided.old_images.get(name, ())),
    )


def _plan_pull(images: Sequence[str]) -> HostPlan:
    if not images:
        return HostPlan()
    changes = tuple(Change(f"pull {image}") for image in images)
    return HostPlan(pull_images=PullImages(images=tuple(images)), changes={Phase.PULL_IMAGES: changes})


def _plan_deploy(now: Situation, decided: StackDecisions) -> HostPlan:
    deploys = tuple(_deploy(now, each) for each in decided.each if each.changes)
    if not deploys:
        return HostPlan()
    changes = tuple(_titled(now, each, change) for each in decided.each for change in each.changes)
    return HostPlan(deploy=Deploy(deploys=deploys), changes={Phase.DEPLOY: changes})


def _titled(now: Situation, each: StackDecision, change: Change) -> Change:
    return replace(change, text=f"{now.site.title(each.stack.name)}{change.text}")


def _deploy(now: Situation, decided: StackDecision) -> StackDeploy:
    plan = decided.plan
    text, previous = plan.definition.rendered.text, plan.previous
    mounted = sorted(plan.running.mounts("Secret"))
    goes_back = previous.number and previous.file != text
    return StackDeploy(
        stack=decided.stack.name,
        timeout=decided.stack.timeout,
        steps=tuple(releases.steps(text, previous.file, decided.data.allow_empty, mounted, plan.republished)),
        steps_back=tuple(releases.steps(previous.file, text)) if goes_back else (),
        secrets=plan.definition.secrets,
        configs=plan.definition.configs,
        skip_wait_for=plan.skip_wait_for,
        release=Release(
            file=text,
            rollback_to=plan.definition.rollback_to,
            rolled_back=plan.definition.rolled_back,
            by=now.site.user,
        ),
        previous=previous,
        registry=now.site.registry.url.server,
    )


def _plan_pages(now: Situation, decided: StackDecisions, name: str) -> HostPlan:
    """Let a member's pages be visited after a deploy, or waited for."""
    if name not in now.members:
        return HostPlan()
    pages: dict[str, Visit] = {}
    changes: list[Change] = []
    for each in decided.each:
        page, silence = each.plan.page, _silence(each, now.observed[name])
        if page and (each.changes or silence):
            pages[each.stack.name] = Visit(port=page.port, path=each.stack.check_path, visits=page.visits)
        if page and silence and not each.changes:
            changes.append(_titled(now, each, Change(f"wait for the page ({silence})")))
    if not pages:
        return HostPlan()
    return HostPlan(
        check_page=CheckPage(pages=pages), changes={Phase.CHECK_PAGE: tuple(changes)} if changes else NO_CHANGES
    )


def _silence(decided: StackDecision, observed: Observed) -> str:
    """Say why a stack's page does not answer, ``""`` where it does.

    Hosts were asked at the inventory's port. Where what runs has another, as after a rollback, that tells nothing.
    """
    page = decided.plan.page
    told = page and page.port == parse(decided.stack.text).page_port
    return observed.pages.get(decided.stack.name, "") if told else ""


def _plan_clean_up(decided: StackDecisions | None, images: Sequence[LocalImage]) -> HostPlan:
    """Remove the secrets, configs and images that no release needs.

    :param decided: ``None`` where only images are removed
    """
    old = [each.plan.old for each in decided.each] if decided else []
    secrets = tuple(name for kinds in old for name in kinds["secrets"])
    configs = tuple(name for kinds in old for name in kinds["configs"])
    texts = [f"remove secret {name}, which no release needs" for name in secrets]
    texts += [f"remove config {name}, which no release needs" for name in configs]
    texts += [f"remove image {image.names[0]}, which no release needs" for image in images]
    if not texts:
        return HostPlan()
    clean = CleanUp(secrets=secrets, configs=configs, images=tuple(images))
    return HostPlan(clean_up=clean, changes={Phase.CLEAN_UP: tuple(map(Change, texts))})
