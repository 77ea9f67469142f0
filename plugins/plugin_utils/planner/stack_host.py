"""Plan what a host does for the stacks: pull before, deploy, and clean up behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...module_utils.observation.host import LocalImage
from ..model.change import Change
from ..model.phase import Phase
from ..stacks import releases
from ..swarm.membership import Membership
from .arguments.stack import CleanUp, Deploy, PullImages, Release, StackDeploy
from .result import HostPlan, merge
from .situation import Situation
from .stack import StackDecision, StackDecisions


def plan_host(now: Situation, members: Membership, decided: StackDecisions, name: str) -> HostPlan:
    """Plan what a host does for the stacks: pull before, deploy, and clean up behind them."""
    acts = name == members.deploy_manager
    return merge(
        _plan_pull(decided.pulls.get(name, ())),
        _plan_deploy(now, decided) if acts else HostPlan(),
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
    manager = decided.manager
    lacks_ingress = bool(manager and manager.nodes is not None and not manager.swarm.ingress)
    if lacks_ingress:
        changes = (Change("make the network ingress, which is gone"), *changes)
    return HostPlan(deploy=Deploy(make_ingress=lacks_ingress, deploys=deploys), changes={Phase.DEPLOY: changes})


def _titled(now: Situation, each: StackDecision, change: Change) -> Change:
    return replace(change, text=f"{now.site.title(each.stack.name)}{change.text}")


def _deploy(now: Situation, decided: StackDecision) -> StackDeploy:
    plan, name = decided.plan, decided.stack.name
    text, previous = plan.definition.rendered.text, plan.previous
    mounted = sorted(plan.running.mounts("Secret"))
    goes_back = previous.number and previous.file != text
    return StackDeploy(
        stack=name,
        timeout=decided.stack.timeout,
        steps=tuple(releases.steps(text, previous.file, decided.data.allow_empty, mounted, decided.republished, name)),
        steps_back=tuple(releases.steps(previous.file, text, stack=name)) if goes_back else (),
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
        after=decided.stack.after,
    )


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
