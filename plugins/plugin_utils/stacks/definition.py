"""Make a stack as the inventory describes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...module_utils.observation.stack import Stack as RunningStack
from ..model.site import Image, Site, Stack
from ..model.variables import secret_variable
from . import adoption, secrets
from .file import StackFile, make, parse
from .secrets import NewConfig, NewSecret

UNFINISHED = "the rotation of {} to {}, which a run began and did not end, is finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a stack is to be.

    :ivar file: the stack file that plays fill in
    :ivar rendered: the same with all that is known now
    :ivar missing: images that are to be made
    :ivar secret_objects: names of the secrets' objects that stay though no stack file names them
    :ivar rollback_to: number of the release that is gone back to, or ``0``
    :ivar rolled_back: digests of the stack files that rollbacks left
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
    rolled_back: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def of_inventory(site: Site, stack: Stack, running: RunningStack, digests: Mapping[str, str | None]) -> Definition:
    """Make a stack as the inventory describes it."""
    chosen, new_secrets = name_secrets(site, stack, running)
    used = {*_applied(running, "configs"), *running.mounts("Config")}
    configs, new_configs = secrets.name_configs(stack, running.configs, running.other_configs, used)
    file = parse(stack.text).with_configs(configs)
    variables = stack_variables(site, digests, chosen)
    return Definition(
        file=file,
        rendered=adoption.pin_images(file, file.render(variables), running, site.images),
        images=site.images,
        missing=tuple(image for image in site.images if not digests.get(image.reference)),
        variables=variables,
        secrets=new_secrets,
        secret_objects=tuple(sorted(chosen.values())),
        configs=new_configs,
        notes=tuple(_unfinished(stack, running, chosen)),
    )


def of_running(running: RunningStack) -> Definition:
    """Take a stack as it runs, which its last release describes; without one there is nothing to be said of it."""
    file = parse(running.record.file) if running.record else make({"services": {}})
    return Definition(file=file, rendered=file, variables={}, secret_objects=tuple(sorted(running.secrets)))


def name_secrets(site: Site, stack: Stack, running: RunningStack) -> tuple[dict[str, str], tuple[NewSecret, ...]]:
    """Find or name the swarm's object for each secret of a stack."""
    applied = _applied(running, "secrets")
    return secrets.name_secrets(stack, running.secrets, applied, site.salt, running.mounts("Secret"))


def _applied(running: RunningStack, kind: str) -> set[str]:
    """Return the names of the objects of the newest release."""
    return parse(running.record.file).names(kind) if running.record else set()


def _unfinished(stack: Stack, running: RunningStack, chosen: Mapping[str, str]) -> list[str]:
    """Name the secrets whose object services mount though the last release has another one."""
    if not running.record:
        return []
    applied = parse(running.record.file).names("secrets")
    known = {running.secrets[key].name for key in applied & running.secrets.keys()}
    new = running.mounts("Secret") - applied
    return [
        UNFINISHED.format(name, key)
        for name, key in chosen.items()
        if key in new and name in known and not stack.values.get(name)
    ]


def stack_variables(site: Site, digests: Mapping[str, str | None], chosen: Mapping[str, str]) -> dict[str, object]:
    """Gather the values of a stack file's variables.

    :param chosen: object by secret
    :return: ``X_IMAGE`` for each image (by digest once it is known, else by tag) and ``X_SECRET`` for each secret
    """
    objects = {secret_variable(secret): name for secret, name in chosen.items()}
    return {**image_variables(site.images, digests), **objects}


def image_variables(images: Iterable[Image], digests: Mapping[str, str | None]) -> dict[str, str]:
    """Name each image for the stack file: by digest once it is known, until then by tag.

    :return: reference by ``X_IMAGE``
    """
    return {image.variable: _named(image, digests.get(image.reference)) for image in images}


def _named(image: Image, digest: str | None) -> str:
    return f"{image.repository}@{digest}" if digest else image.reference
