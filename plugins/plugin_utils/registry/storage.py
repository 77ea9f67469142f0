"""Decide which images the registry need not keep, and what that frees."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ...module_utils.observation.registry import Manifest, Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Surplus:
    """What the registry need not keep.

    :ivar manifests: images that nothing needs
    :ivar freed: bytes that nothing needs once they are deleted
    :ivar total: bytes of everything
    :ivar foreign: bytes by repository that is none of the site's, so that nothing of it is deleted; what other
        repositories share with it counts
    """

    manifests: tuple[Manifest, ...]
    freed: int
    total: int
    foreign: dict[str, int]


def find_surplus(storage: Storage, repositories: Collection[str], names: Iterable[str]) -> Surplus:
    """Find the images that no release, no service and not the site needs.

    :param repositories: those of the site; nothing of others is touched
    :param names: of images that are needed, without the registry: ``repository:tag``, ``repository@digest`` or both
    """
    needed = _needed(storage, set(names))
    own = [manifest for manifest in storage.manifests if manifest.repository in repositories]
    surplus = tuple(manifest for manifest in own if manifest.digest not in needed)
    kept = [manifest for manifest in storage.manifests if manifest not in surplus]
    foreign: dict[str, set[str]] = {}
    for manifest in kept:
        if manifest.repository not in repositories:
            foreign.setdefault(manifest.repository, set()).update(manifest.needs)
    return Surplus(
        manifests=surplus,
        freed=_size(storage, storage.blobs.keys() - _union(kept)),
        total=_size(storage, storage.blobs),
        foreign={name: _size(storage, needs) for name, needs in foreign.items()},
    )


def _needed(storage: Storage, names: set[str]) -> set[str]:
    """Return the digests of images that are named, by a digest or a tag, and of those that these consist of."""
    digests = {name.rpartition("@")[2] for name in names if "@" in name}
    tags = {name.partition("@")[0] for name in names}
    named = [
        manifest
        for manifest in storage.manifests
        if manifest.digest in digests or any(f"{manifest.repository}:{tag}" in tags for tag in manifest.tags)
    ]
    # An image for several kinds of machines names one for each, and those name layers, which are no images.
    return digests | _union(named)


def _union(manifests: Iterable[Manifest]) -> set[str]:
    return {digest for manifest in manifests for digest in manifest.needs}


def _size(storage: Storage, digests: Collection[str]) -> int:
    return sum(storage.blobs.get(digest, 0) for digest in digests)


def paths(manifest: Manifest) -> list[str]:
    """Return the folders that make an image one of its repository, below the folder of all repositories."""
    own = f"{manifest.repository}/_manifests"
    return [
        f"{own}/revisions/sha256/{manifest.digest.partition(':')[2]}",
        *(f"{own}/tags/{tag}" for tag in manifest.tags),
    ]


def readable(size: int) -> str:
    """Say a number of bytes as ``12.3 MB``."""
    return f"{size / 1e6:.1f} MB"
