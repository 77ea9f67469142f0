"""Go back to a release, and stay there while the inventory still describes what was left then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...module_utils.observation.stack import Release
from ...module_utils.observation.stack import Stack as RunningStack
from ..model.problem import Code, Problem, ProblemError
from ..model.site import Site, Stack
from . import releases, state
from .definition import Definition, name_secrets, of_inventory
from .file import StackFile, parse

PINNED = (
    "release {0.number} stays, which went back to {0.rollback_to}: the inventory still describes what was left then. "
    "Change the stack or the app; or have that release again by its number (playbooks/status.yml lists them): "
    "playbooks/rollback.yml -e stack_release=NUMBER"
)
BACK = "back to release {0.number} of {0.at}"
BEGUN = "A deploy that was begun and not recorded is left"
OTHER = "Services are other than in the last release"
STAYS = "site.yml and deploy.yml leave it so until the stack or the app in the inventory is changed"
COMES = "The inventory describes a stack that was not deployed yet: the next site.yml or deploy.yml deploys that"


def last_release(running: RunningStack) -> Release | None:
    """Return the newest release."""
    return running.releases[-1] if running.releases else None


def unless_pinned(stack: Stack, running: RunningStack, inventory: Definition, generated: set[str]) -> Definition:
    """Leave what was rolled back to, while the inventory still describes what was left then."""
    last = last_release(running)
    if not last or not running.record or not releases.is_pinned(running.releases, inventory.rendered, generated):
        return inventory
    if stack.rotate:
        raise ProblemError(_held(last))
    file = parse(running.record.file)
    return replace(
        inventory,
        file=file,
        rendered=file,
        secrets=(),
        configs=(),
        rollback_to=last.rollback_to,
        rolled_back=last.rolled_back,
        notes=(PINNED.format(last),),
    )


def _held(last: Release) -> Problem:
    return Problem(
        code=Code.RELEASE_PINNED,
        where="stack_rotate",
        found=f"release {last.number}, which went back to {last.rollback_to}, stays, and its secrets with it",
        expected="an inventory that describes another stack than the one that was rolled back",
        fix="Change the stack or the app, and rotate with that deploy",
    )


def of_release(
    site: Site, stack: Stack, running: RunningStack, digests: Mapping[str, str | None], generated: set[str]
) -> Definition:
    """Take the stack file of a release from the record."""
    history = running.releases
    chosen, _missing = name_secrets(site, stack, running)
    described = _described(site, stack, running, digests)
    other = bool(running.record and state.differences(running.record.file, running))
    begun = described if other and _is_new(described, running, generated) else None
    # Where it is not known what was begun: one release too few costs a second rollback, one too many may cost data.
    to_last = bool(begun) or (other and not described)
    number = stack.release or (history[-1].number if to_last else 0)
    target = releases.choose(history, number, running.objects)
    left = releases.left_behind(history, target, generated, begun)
    notes = [BACK.format(target)] + [BEGUN if begun else OTHER] * to_last
    file = parse(target.file)
    if described:
        # What the inventory makes after this rollback differs in generated secrets only.
        stays = releases.digest(described, generated) in (*left, releases.digest(file, generated))
        notes.append(STAYS if stays else COMES)
    return Definition(
        file=file,
        rendered=file,
        variables={},
        secret_objects=tuple(sorted(chosen.values())),
        rollback_to=target.number,
        rolled_back=left,
        notes=(". ".join(notes),),
    )


def _described(site: Site, stack: Stack, running: RunningStack, digests: Mapping[str, str | None]) -> StackFile | None:
    """Make the inventory's stack file; ``None`` where it has a fault or images to be made, so that it is not known."""
    if stack.problems:
        return None
    try:
        definition = of_inventory(site, stack, running, digests)
    except ProblemError:
        return None
    return None if definition.missing else definition.rendered


def _is_new(described: StackFile | None, running: RunningStack, generated: set[str]) -> bool:
    """Tell whether the inventory describes neither the last release nor what is held.

    Where services are other than in the last release, a deploy of that was begun. Else they were mostly changed by
    hand, or by a rollback that was cut short.
    """
    if not described or not running.record:
        return False
    return described.text != running.record.file and not releases.is_pinned(running.releases, described, generated)
