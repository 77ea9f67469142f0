"""What the registry that a host serves keeps on its disk, as a type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Manifest:
    """An image of a repository, as the registry keeps it.

    :ivar repository: such as ``team/hello-web``
    :ivar digest: ``sha256:...``
    :ivar tags: those that lead to it
    :ivar needs: digests of what it is made of: itself, its layers, other manifests
    """

    repository: str
    digest: str
    tags: tuple[str, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Storage:
    """All that a registry keeps.

    :ivar blobs: bytes by digest; what a manifest is made of, and what nothing needs any more
    """

    manifests: tuple[Manifest, ...]
    blobs: Mapping[str, int]
