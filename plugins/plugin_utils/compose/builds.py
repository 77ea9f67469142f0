"""Read what a service's image is built of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..model.problem import Problem
from ..stacks.file_problems import refused_field
from .notes import plain

KEPT = ("context", "dockerfile", "args", "target", "secrets")
# The build's speed, or what its image is called beside the name that flotilla gives it.
DROPPED = ("cache_from", "cache_to", "no_cache", "pull", "tags", "network", "labels", "platforms")
# What a secret of a build may be called: it is a file's name on the builder, and a word of a command's option.
SECRET_ID = re.compile(r"\w[\w.-]*")
NOT_A_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """An image that is built.

    :ivar key: of the service's ``build`` in the file
    :ivar image: its name, which is its repository's
    :ivar context: folder on the control node
    :ivar dockerfile: path in it
    :ivar args: values of build arguments
    :ivar target: stage, ``""`` for the last
    :ivar secrets: by what the Dockerfile calls it, the file on the control node with its value
    """

    key: str
    image: str
    context: str
    dockerfile: str
    args: Mapping[str, str]
    target: str
    secrets: Mapping[str, str]
    problems: tuple[Problem, ...] = ()

    def is_same(self, other: BuildRequest) -> bool:
        """Tell whether both give one image."""
        return self._ingredients() == other._ingredients()

    def as_dict(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "image": self.image,
            "context": self.context,
            "dockerfile": self.dockerfile,
            "args": dict(self.args),
            "target": self.target,
            "secrets": dict(self.secrets),
        }

    def _ingredients(self) -> tuple[object, ...]:
        return (self.context, self.dockerfile, self.args, self.target, self.secrets)


def read_build(
    stack: str, name: str, service: Mapping[str, Any], secrets: Mapping[str, Mapping[str, Any]]
) -> BuildRequest:
    """Read ``build`` of a service.

    :param service: as Compose resolved it, which makes a relative context an absolute one
    :param secrets: of the project
    """
    build, key = service["build"], f"services.{name}.build"
    args = {what: plain(str(value)) for what, value in (build.get("args") or {}).items() if value is not None}
    unknown = [what for what in build if what not in (*KEPT, *DROPPED)]
    fixes = [
        refused_field(f"{key}.{what}", "a key that flotilla does not build with", "Put it into the Dockerfile")
        for what in unknown
        if build[what]
    ]
    context = plain(str(build.get("context") or ""))
    dockerfile = str(build.get("dockerfile") or "Dockerfile")
    if dockerfile.startswith(("/", "..")):
        fixes.append(refused_field(f"{key}.dockerfile", dockerfile, "Name a file in the folder that is built"))
    if not context or "://" in context or context.startswith("git@"):
        fix = "Name a folder: the control node has what is built"
        fixes.append(refused_field(f"{key}.context", context or "no context", fix))
    used = {str(each.get("target") or each["source"]): secrets[each["source"]] for each in build.get("secrets") or ()}
    fixes += [
        refused_field(f"{key}.secrets", f"{called}, whose value is in no file", "Give it a file: in secrets")
        for called, secret in used.items()
        if "file" not in secret
    ]
    fixes += [
        refused_field(f"{key}.secrets", called, "Name it by letters, digits and the signs ._-")
        for called in used
        if not SECRET_ID.fullmatch(called)
    ]
    return BuildRequest(
        key=key,
        image=_name(stack, name),
        context=context,
        dockerfile=dockerfile,
        args=args,
        target=build.get("target") or "",
        secrets={called: plain(str(secret["file"])) for called, secret in used.items() if "file" in secret},
        problems=tuple(fixes),
    )


def _name(stack: str, service: str) -> str:
    """Return the repository of a service's image, which Compose calls the same."""
    return NOT_A_NAME.sub("-", f"{stack}-{service}".lower()).strip("-")
