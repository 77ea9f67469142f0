"""Name the images that a site needs by their content.

A tag is the digest of everything that goes into an image: an unchanged image keeps its tag, is found in the registry
under it, and is neither built nor pushed again. Whoever runs flotilla, from whichever clone, comes to the same tag.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...module_utils.observation.host import LocalImage
from ...module_utils.registry import image_prefix
from ..model.decode import decode
from ..model.site import Image

# Digits of a SHA-256 that a tag keeps: 48 bits, plenty for the few images of one repository.
TAG_DIGITS = 12
# What a Python app and its build install; packages that they name with hashes are fetched on the control node.
LOCK_FILES = ("requirements.txt", "build-requirements.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Distro:
    """What base images are made of a distribution's packages from.

    :ivar dockerfile: text of the template
    :ivar path: where its commands are
    :ivar paths: what is left out
    :ivar listing: commands that list the packages in the image
    :ivar recipes: by the name of the image that each stands for, ``packages`` and perhaps ``folders``, path to numeric
        owner
    """

    suite: str
    serial: object
    dockerfile: str
    path: str
    paths: tuple[str, ...]
    listing: str
    recipes: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """What base images are copied from Docker Hub.

    :ivar prefix: ``"docker.io"`` or that of a mirror
    """

    prefix: str


def tag_of(content: object) -> str:
    """Derive a tag from any JSON value."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:TAG_DIGITS]


def folder_digest(folder: str, dockerfile: str = "Dockerfile") -> str:
    """Digest a build context: names, contents and execute bits of the files that ``.dockerignore`` lets through.

    :param folder: path of the context
    :param dockerfile: see ``context_files``
    :return: str, hexadecimal SHA-256
    :raise FileNotFoundError: there is no such folder
    """
    digest = hashlib.sha256()
    for name in context_files(folder, dockerfile):
        path = Path(folder) / name
        executable = os.access(path, os.X_OK)
        digest.update(json.dumps([name, executable, hashlib.sha256(path.read_bytes()).hexdigest()]).encode())
    return digest.hexdigest()


def context_files(folder: str, dockerfile: str = "Dockerfile") -> list[str]:
    """List the files of a build context that ``.dockerignore`` lets through, and so nothing that is only beside them.

    :param dockerfile: path of it there, which always belongs to it
    :raise FileNotFoundError: there is no such folder
    """
    root = Path(folder)
    if not root.is_dir():
        raise FileNotFoundError(f"{folder} is no folder")
    # Costly to load, and all filters of a collection load with the first: concise does it once for all hosts.
    from docker.utils.build import exclude_paths

    names = exclude_paths(str(root), ignore_lines(folder, dockerfile), dockerfile=dockerfile)
    return sorted(name for name in names if (root / name).is_file())


def ignore_lines(folder: str, dockerfile: str) -> list[str]:
    """Return the patterns of what is kept out of a build context; a file of the Dockerfile's own goes first."""
    root = Path(folder)
    own = root / f"{dockerfile}.dockerignore"
    ignore = own if own.exists() else root / ".dockerignore"
    lines = ignore.read_text().splitlines() if ignore.exists() else []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def remembered(references: Iterable[str], local_images: Iterable[LocalImage]) -> dict[str, str | None]:
    """Find digests in an engine's own store.

    :return: by reference
    """
    local = tuple(local_images)
    return {reference: next(iter(own_digests(reference, local)), None) for reference in references}


def own_digests(reference: str, local_images: Iterable[LocalImage]) -> list[str]:
    """List the digests of an image in an engine's own store, which keeps the names that it was pushed or pulled by."""
    start = f"{reference.rsplit(':', 1)[0]}@"
    names = [name for image in local_images if reference in image.names for name in image.names]
    return [name.removeprefix(start) for name in names if name.startswith(start)]


def list_images(url: str, stacks: Iterable[Mapping[str, Any]], python: str, bases: Mapping[str, object]) -> list[Image]:
    """List the images that stacks need and that are made here, each after those that it is made from.

    An image that cannot be made is left out; a check tells of it.

    :param url: of the registry: ``"host[:port][/prefix]"``
    :param stacks: as ``edge.stack_entries`` reads them
    :param python: version that wheels are fetched for
    :param bases: the fields of ``Distro``, or of ``Hub``
    """
    registry = image_prefix(url)
    names = list(dict.fromkeys(name for stack in stacks for name in stack["images"]))
    if "prefix" in bases:
        images = hub_images(registry, names, decode(Hub, bases, "bases"))
    else:
        images = distro_images(registry, names, decode(Distro, bases, "bases"))
    made = {image.name: image.reference for image in images}
    return [*images, *(_built(registry, build, python, made) for stack in stacks for build in stack["builds"])]


def _built(registry: str, build: Mapping[str, Any], python: str, made: Mapping[str, str]) -> Image:
    """Name an image that is built.

    :param build: as ``compose.builds.BuildRequest.as_dict`` gives it, with its base images
    :param made: references of base images by name
    """
    name, bases = str(build["image"]), {base: made[base] for base in build["bases"] if base in made}
    digest = folder_digest(build["context"], build["dockerfile"])
    # A base's repository and tag count, its registry does not: the same image may move to another registry.
    moving = {base: reference.removeprefix(f"{registry}/") for base, reference in bases.items()}
    tag = tag_of([digest, build["dockerfile"], build["args"], build["target"], moving, python])
    made_from = {
        "folder": build["context"],
        "digest": digest,
        "dockerfile": build["dockerfile"],
        "args": build["args"],
        "target": build["target"],
        "secrets": build["secrets"],
        "bases": bases,
        "locks": [str(path) for path in map(Path(build["context"]).joinpath, LOCK_FILES) if _has_hashes(path)],
    }
    return Image(name=name, kind="build", reference=f"{registry}/{name}:{tag}", ingredients=made_from)


def _has_hashes(file: Path) -> bool:
    """Tell whether a list of packages says what they are by their content, so that they can be fetched before."""
    return file.is_file() and "--hash=" in file.read_text()


def distro_images(registry: str, names: Iterable[str], distro: Distro) -> list[Image]:
    """List the base images that are made from a distribution's packages: those that have a recipe."""
    images = []
    for name in names:
        recipe = distro.recipes.get(name)
        if recipe:
            made = [distro.suite, distro.serial, distro.dockerfile, distro.path, distro.paths, distro.listing]
            tag = tag_of([*made, recipe])
            reference = f"{registry}/{distro.suite}-{_repository(name)}:{tag}"
            images.append(Image(name=name, kind="distro", reference=reference, ingredients={"recipe": recipe}))
    return images


def hub_images(registry: str, names: Iterable[str], hub: Hub) -> list[Image]:
    """List the base images that are copied from Docker Hub.

    The tag stands for the name on Docker Hub, whichever mirror it comes through.
    """
    images = []
    for name in names:
        path = name if "/" in name else f"library/{name}"
        reference = f"{registry}/hub-{_repository(name)}:{tag_of(path)}"
        images.append(Image(name=name, kind="hub", reference=reference, ingredients={"source": f"{hub.prefix}/{path}"}))
    return images


def _repository(name: str) -> str:
    """Take what may be a repository's name from an image's."""
    return re.sub(r"[^a-z0-9]+", "-", name.split("@")[0].split(":")[0].lower()).strip("-")
