"""Plan a stack, from the inventory or from a release, and what is left to remove once it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...module_utils.observation.service import published_ports
from ...module_utils.observation.stack import Stack as RunningStack
from ..model.change import Change
from ..model.intent import Intent
from ..model.site import Site, Stack
from . import releases, secrets, state
from .definition import Definition, of_inventory, of_running
from .file import Page, StackFile, parse
from .rollback import last_release, of_release, unless_pinned

MOVE = "stop {} for a moment, since its published ports change"
WAIT = "wait until every service is at its size"


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """The last release; empty before there is one.

    :ivar rolled_back: digests of the stack files that rollbacks left
    :ivar file: text of its stack file
    :ivar specs: of its services as Swarm had them then, by name
    """

    number: int
    rolled_back: tuple[str, ...]
    file: str
    specs: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackPlan:
    """What is done to a stack.

    :ivar running: what runs now, empty before there is anything
    :ivar republished: services whose published ports are others than in the last release
    :ivar skip_wait_for: services that are not waited for
    :ivar page: ``None`` where no port is published
    :ivar kept: stack files whose images, configs and secrets stay
    :ivar changes: what there is to do
    """

    definition: Definition
    running: RunningStack
    republished: tuple[str, ...]
    skip_wait_for: tuple[str, ...]
    page: Page | None
    kept: tuple[StackFile, ...]
    changes: tuple[Change, ...]

    @property
    def old(self) -> dict[str, list[str]]:
        """Return the secrets and configs that nothing needs any more."""
        in_use = {*self.definition.secret_objects, *self.running.mounts("Secret", "Config")}
        return {
            "secrets": releases.old_objects(self.kept, self.running.secrets, in_use),
            "configs": releases.old_objects(self.kept, self.running.configs, in_use),
        }

    @property
    def previous(self) -> Previous:
        """Return the last release as it was observed."""
        record, last = self.running.record, last_release(self.running)
        return Previous(
            number=last.number if last else 0,
            rolled_back=last.rolled_back if last else (),
            file=record.file if record else "",
            specs=record.specs if record else {},
        )


def plan_stack(
    site: Site,
    stack: Stack,
    intent: Intent,
    running: RunningStack,
    digests: Mapping[str, str | None],
    skip_wait_for: Sequence[str] = (),
    new_login: bool = False,
) -> StackPlan:
    """Plan a stack: what the inventory describes, or for intent ``rollback`` what a release was.

    :param running: what runs now, empty before there is anything
    :param digests: by image reference, as far as they are known
    :param skip_wait_for: names of services that are not waited for
    :param new_login: whether services pull with another login than they should, see ``registry.logins``
    :raise ProblemError: the input forbids a plan
    """
    generated = _generated_secrets(stack, running)
    if intent is Intent.ROLLBACK:
        definition = of_release(site, stack, running, digests, generated)
    else:
        definition = unless_pinned(stack, running, of_inventory(site, stack, running, digests), generated)
    republished = _republished(running)
    return StackPlan(
        definition=definition,
        running=running,
        republished=republished,
        skip_wait_for=tuple(skip_wait_for),
        page=definition.rendered.page(stack.port),
        kept=releases.kept_files(running.releases, definition.rendered),
        changes=tuple(_changes(stack.name, running, definition.rendered, republished, skip_wait_for, new_login)),
    )


def _generated_secrets(stack: Stack, running: RunningStack) -> set[str]:
    """List the secrets whose object is of no account; where the files cannot be read, the last release tells them."""
    file = parse(stack.text)
    if file.services or not running.record:
        return secrets.generated_secrets(stack, file)
    return secrets.generated_of_release(stack, parse(running.record.file), running.secrets)


def leave(stack: Stack, running: RunningStack, skip_wait_for: Sequence[str] = ()) -> StackPlan:
    """Plan a stack that a run does not deploy, whatever the inventory says of it by now.

    :param running: see ``plan_stack``, as ``skip_wait_for``
    """
    definition = of_running(running)
    return StackPlan(
        definition=definition,
        running=running,
        republished=(),
        skip_wait_for=tuple(skip_wait_for),
        page=definition.rendered.page(stack.port),
        kept=releases.kept_files(running.releases, definition.rendered),
        changes=(),
    )


def _changes(
    name: str,
    running: RunningStack,
    rendered: StackFile,
    republished: Sequence[str],
    skip_wait_for: Sequence[str],
    new_login: bool,
) -> list[Change]:
    before = running.record.file if running.record else ""
    reasons = state.differences(rendered.text, running)
    changes = [Change(reasons[0], before, rendered.text, name)] if reasons else []
    changes += [Change(reason) for reason in reasons[1:]]
    moved = releases.moved(rendered, parse(before) if before else None, republished)
    changes += [Change(MOVE.format(service)) for service in moved]
    if new_login:
        changes.append(Change("give its services the new login of the registry"))
    if not changes and not state.judge(running.services, skip_wait_for).done:
        changes.append(Change(WAIT))
    return changes


def _republished(running: RunningStack) -> tuple[str, ...]:
    """List the services whose published ports were changed since the last release."""
    specs = running.record.specs if running.record else {}
    return tuple(
        name
        for name, service in running.services.items()
        if name in specs and published_ports(specs[name]) != service.published
    )
