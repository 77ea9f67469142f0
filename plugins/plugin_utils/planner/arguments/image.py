"""The arguments of role image's phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeImages:
    """Make images on the builder.

    :ivar packages: what builds images and is missing
    :ivar images: as ``Image.as_dict``, each after those that it is made from
    :ivar architecture: the builder's, such as ``x86_64``
    """

    packages: tuple[str, ...]
    images: tuple[Mapping[str, object], ...]
    architecture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetImages:
    """Let a builder's engine forget which images it made.

    :ivar references: by which it has them
    """

    references: tuple[str, ...]
