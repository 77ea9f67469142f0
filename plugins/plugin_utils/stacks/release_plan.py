"""Plan the stack, from the inventory or from a release, and what is left to remove once it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ...module_utils.observation.stack import Release, Stack, published_ports
from ..model.change import Change
from ..model.intent import Intent
from ..model.problem import Code, Problem, ProblemError
from ..model.site import Image, Site
from . import releases, secrets, state
from .file import Page, StackFile, parse
from .secrets import NewConfig, NewSecret

HELD = (
    "release {0.number} stays, which went back to {0.rollback_to}: the inventory still describes what was left then. "
    "Change the stack or the app; or have that release again by its number (playbooks/status.yml lists them): "
    "playbooks/rollback.yml -e stack_release=NUMBER"
)
BACK = "back to release {0.number} of {0.at}"
BEGUN = "A deploy that was begun and not recorded is left"
OTHER = "Services are other than in the last release"
STAYS = "site.yml and deploy.yml leave it so until the stack or the app in the inventory is changed"
COMES = "The inventory describes a stack that was not deployed yet: the next site.yml or deploy.yml deploys that"
UNFINISHED = "the rotation of {} to {}, which a run began and did not end, is finished"
MOVE = "stop {} for a moment, since its published ports change"
WAIT = "wait until every service is at its size"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What the stack is to be.

    :ivar file: the stack file that plays fill in
    :ivar rendered: the same with all that is known now
    :ivar missing: images that are to be made
    :ivar secret_objects: names of the secrets' objects that stay though no stack file names them
    :ivar rollback_to: number of the release that is gone back to, or ``0``
    :ivar left: digests of the stack files that rollbacks left
    """

    file: StackFile
    rendered: StackFile
    images: tuple[Image, ...] = ()
    missing: tuple[Image, ...] = ()
    variables: Mapping[str, object]
    secrets: tuple[NewSecret, ...] = ()
    secret_objects: tuple[str, ...]
    configs: tuple[NewConfig, ...] = ()
    rollback_to: int = 0
    left: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """The last release; empty before there is one.

    :ivar left: digests of the stack files that rollbacks left
    :ivar file: text of its stack file
    :ivar specs: of its services as Swarm had them then, by name
    """

    number: int
    left: tuple[str, ...]
    file: str
    specs: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackPlan:
    """What is done to the stack.

    :ivar running: what runs now, empty before there is anything
    :ivar republished: services whose published ports are others than in the last release
    :ivar excused: services that are not waited for
    :ivar page: ``None`` where no port is published
    :ivar kept: stack files whose images, configs and secrets stay
    :ivar changes: what there is to do
    """

    definition: Definition
    running: Stack
    republished: tuple[str, ...]
    excused: tuple[str, ...]
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
        record, last = self.running.record, _last(self.running)
        return Previous(
            number=last.number if last else 0,
            left=last.left if last else (),
            file=record.file if record else "",
            specs=record.specs if record else {},
        )


def plan_stack(
    site: Site,
    intent: Intent,
    running: Stack,
    digests: Mapping[str, str | None],
    excused: Sequence[str] = (),
    new_login: bool = False,
) -> StackPlan:
    """Plan the stack: what the inventory describes, or for intent ``rollback`` what a release was.

    :param running: what runs now, empty before there is anything
    :param digests: by image reference, as far as they are known
    :param excused: names of services that are not waited for
    :param new_login: whether services pull with another login than they should, see ``registry.logins``
    :raise ProblemError: the input forbids a plan
    """
    loose = secrets.loose_secrets(site.stack, parse(site.stack.text))
    if intent is Intent.ROLLBACK:
        definition = _of_release(site, running, digests, loose)
    else:
        definition = _unless_held(site, running, _of_inventory(site, running, digests), loose)
    republished = _republished(running)
    return StackPlan(
        definition=definition,
        running=running,
        republished=republished,
        excused=tuple(excused),
        page=definition.rendered.page(),
        kept=releases.kept_files(running.releases, definition.rendered),
        changes=tuple(_changes(site.stack.name, running, definition.rendered, republished, excused, new_login)),
    )


def _changes(
    name: str,
    running: Stack,
    rendered: StackFile,
    republished: Sequence[str],
    excused: Sequence[str],
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
    if not changes and not state.judge(running.services, excused).done:
        changes.append(Change(WAIT))
    return changes


def _last(running: Stack) -> Release | None:
    return running.releases[-1] if running.releases else None


def _of_inventory(site: Site, running: Stack, digests: Mapping[str, str | None]) -> Definition:
    """Make the stack that the inventory describes."""
    chosen, new_secrets = _name_secrets(site, running)
    configs, new_configs = secrets.name_configs(site.stack, running.configs)
    file = parse(site.stack.text).with_configs(configs)
    variables = stack_variables(site, digests, chosen)
    return Definition(
        file=file,
        rendered=file.render(variables),
        images=site.images,
        missing=tuple(image for image in site.images if not digests.get(image.reference)),
        variables=variables,
        secrets=new_secrets,
        secret_objects=tuple(sorted(chosen.values())),
        configs=new_configs,
        notes=tuple(_unfinished(site, running, chosen)),
    )


def _unless_held(site: Site, running: Stack, inventory: Definition, loose: set[str]) -> Definition:
    """Leave what was rolled back to, while the inventory still describes what was left then."""
    last = _last(running)
    if not last or not running.record or not releases.is_held(running.releases, inventory.rendered, loose):
        return inventory
    if site.stack.rotate:
        raise ProblemError(_held(last))
    file = parse(running.record.file)
    return replace(
        inventory,
        file=file,
        rendered=file,
        secrets=(),
        configs=(),
        rollback_to=last.rollback_to,
        left=last.left,
        notes=(HELD.format(last),),
    )


def _held(last: Release) -> Problem:
    return Problem(
        code=Code.RELEASE_HELD,
        where="stack_rotate",
        found=f"release {last.number}, which went back to {last.rollback_to}, stays, and its secrets with it",
        expected="an inventory that describes another stack than the one that was rolled back",
        fix="Change the stack or the app, and rotate with that deploy",
    )


def _republished(running: Stack) -> tuple[str, ...]:
    """List the services whose published ports were changed since the last release."""
    specs = running.record.specs if running.record else {}
    return tuple(
        name
        for name, service in running.services.items()
        if name in specs and published_ports(specs[name]) != service.published
    )


def _name_secrets(site: Site, running: Stack) -> tuple[dict[str, str], tuple[NewSecret, ...]]:
    applied = parse(running.record.file).names("secrets") if running.record else set()
    return secrets.name_secrets(site.stack, running.secrets, applied, site.salt, running.mounts("Secret"))


def _unfinished(site: Site, running: Stack, chosen: Mapping[str, str]) -> list[str]:
    """Name the secrets whose object services mount though the last release has another one."""
    if not running.record:
        return []
    applied = parse(running.record.file).names("secrets")
    known = {running.secrets[key].name for key in applied & running.secrets.keys()}
    new = running.mounts("Secret") - applied
    return [
        UNFINISHED.format(name, key)
        for name, key in chosen.items()
        if key in new and name in known and not site.stack.values.get(name)
    ]


def _of_release(site: Site, running: Stack, digests: Mapping[str, str | None], loose: set[str]) -> Definition:
    """Take the stack file of a release from the record."""
    history = running.releases
    chosen, _missing = _name_secrets(site, running)
    described = _described(site, running, digests)
    other = bool(running.record and state.differences(running.record.file, running))
    begun = described if other and _is_new(described, running, loose) else None
    # Where it is not known what was begun: one release too few costs a second rollback, one too many may cost data.
    to_last = bool(begun) or (other and not described)
    number = site.stack.release or (history[-1].number if to_last else 0)
    target = releases.choose(history, number, [*running.secrets, *running.configs])
    left = releases.left_behind(history, target, loose, begun)
    notes = [BACK.format(target)] + [BEGUN if begun else OTHER] * to_last
    file = parse(target.file)
    if described:
        # What the inventory makes after this rollback differs in loose secrets only.
        stays = releases.digest(described, loose) in (*left, releases.digest(file, loose))
        notes.append(STAYS if stays else COMES)
    return Definition(
        file=file,
        rendered=file,
        variables={},
        secret_objects=tuple(sorted(chosen.values())),
        rollback_to=target.number,
        left=left,
        notes=(". ".join(notes),),
    )


def _described(site: Site, running: Stack, digests: Mapping[str, str | None]) -> StackFile | None:
    """Make the inventory's stack file; ``None`` where it has a fault or images to be made, so that it is not known."""
    try:
        definition = _of_inventory(site, running, digests)
    except ProblemError:
        return None
    return None if definition.missing else definition.rendered


def _is_new(described: StackFile | None, running: Stack, loose: set[str]) -> bool:
    """Tell whether the inventory describes neither the last release nor what is held.

    Where services are other than in the last release, a deploy of that was begun. Else they were mostly changed by
    hand, or by a rollback that was cut short.
    """
    if not described or not running.record:
        return False
    return described.text != running.record.file and not releases.is_held(running.releases, described, loose)


def stack_variables(site: Site, digests: Mapping[str, str | None], chosen: Mapping[str, str]) -> dict[str, object]:
    """Gather the values of a stack file's variables.

    :param chosen: object by secret
    :return: the environment, ``X_IMAGE`` for each image (by digest once it is known, else by tag) and ``X_SECRET`` for
        each secret
    """
    objects = {f"{secret.upper()}_SECRET": name for secret, name in chosen.items()}
    return {**site.stack.environment, **image_variables(site.images, digests), **objects}


def image_variables(images: Iterable[Image], digests: Mapping[str, str | None]) -> dict[str, str]:
    """Name each image for the stack file: by digest once it is known, until then by tag.

    :return: reference by ``X_IMAGE``
    """
    return {f"{image.name.upper()}_IMAGE": _named(image, digests.get(image.reference)) for image in images}


def _named(image: Image, digest: str | None) -> str:
    return f"{image.repository}@{digest}" if digest else image.reference
