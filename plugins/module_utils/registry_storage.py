"""Read what a registry keeps in its folder.

For its layout see https://distribution.github.io/distribution/storage-drivers/filesystem/.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from .host import read_text
from .observation.registry import Manifest, Storage

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def read(root: str) -> Storage:
    """Read all manifests and the sizes of all blobs.

    :param root: folder of the registry
    """
    base = os.path.join(root, "docker", "registry", "v2")
    blobs = dict(_blobs(os.path.join(base, "blobs", "sha256")))
    repositories = os.path.join(base, "repositories")
    found = (_manifests(repositories, name, base) for name in sorted(_repositories(repositories)))
    return Storage(manifests=tuple(manifest for manifests in found for manifest in manifests), blobs=blobs)


def _repositories(folder: str) -> Iterator[str]:
    """List the repositories; the name of one may begin with that of another."""
    for path, names, _files in os.walk(folder):
        if "_manifests" in names:
            yield os.path.relpath(path, folder)
        names[:] = [name for name in names if not name.startswith("_")]


def _manifests(folder: str, repository: str, base: str) -> Iterator[Manifest]:
    own = os.path.join(folder, repository, "_manifests")
    tags = {
        tag: read_text(os.path.join(own, "tags", tag, "current", "link")) for tag in _list(os.path.join(own, "tags"))
    }
    for name in _list(os.path.join(own, "revisions", "sha256")):
        digest = f"sha256:{name}"
        # One that was deleted leaves its folder behind, without this file.
        if not read_text(os.path.join(own, "revisions", "sha256", name, "link")):
            continue
        text = read_text(os.path.join(base, "blobs", "sha256", name[:2], name, "data")) or ""
        yield Manifest(
            repository=repository,
            digest=digest,
            tags=tuple(tag for tag, link in tags.items() if (link or "").strip() == digest),
            needs=tuple(dict.fromkeys((digest, *DIGEST.findall(text)))),
        )


def _blobs(folder: str) -> Iterator[tuple[str, int]]:
    for start in _list(folder):
        for name in _list(os.path.join(folder, start)):
            data = os.path.join(folder, start, name, "data")
            if os.path.exists(data):
                yield f"sha256:{name}", os.path.getsize(data)


def _list(folder: str) -> list[str]:
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []
