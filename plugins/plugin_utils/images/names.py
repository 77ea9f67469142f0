"""Name the images that a site needs by their content.

A tag is the digest of everything that goes into an image: an unchanged image keeps its tag, is found in the registry
under it, and is neither built nor pushed again. Whoever runs flotilla, from whichever clone, comes to the same tag.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from docker.utils.build import exclude_paths

from ...module_utils.observation.host import LocalImage
from ..model.decode import decode
from ..model.site import Image

# Digits of a SHA-256 that a tag keeps: 48 bits, plenty for the few images of one repository.
TAG_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Distro:
    """What base images are made of a distribution's packages from.

    :ivar dockerfile: text of the template
    :ivar path: where its commands are
    :ivar paths: what is left out
    :ivar recipes: by image name, ``packages`` and perhaps ``folders``, path to numeric owner
    """

    suite: str
    serial: object
    dockerfile: str
    path: str
    paths: tuple[str, ...]
    recipes: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """What base images are copied from Docker Hub.

    :ivar hub: by image name, its name on Docker Hub, such as ``"python:3.13-slim"``
    :ivar prefix: ``"docker.io"`` or that of a mirror
    """

    hub: Mapping[str, str]
    prefix: str


def tag_of(content: object) -> str:
    """Derive a tag from any JSON value."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:TAG_DIGITS]


def folder_digest(folder: str) -> str:
    """Digest a build context: names, contents and execute bits of the files that ``.dockerignore`` lets through.

    :param folder: path of the context
    :return: str, hexadecimal SHA-256
    :raise FileNotFoundError: there is no such folder
    """
    root = Path(folder)
    if not root.is_dir():
        raise FileNotFoundError(f"{folder} is no folder")
    ignore = root / ".dockerignore"
    lines = ignore.read_text().splitlines() if ignore.exists() else []
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    digest = hashlib.sha256()
    for name in sorted(exclude_paths(str(root), patterns)):
        path = root / name
        if path.is_file():
            executable = os.access(path, os.X_OK)
            digest.update(json.dumps([name, executable, hashlib.sha256(path.read_bytes()).hexdigest()]).encode())
    return digest.hexdigest()


def remembered(references: Iterable[str], local_images: Iterable[LocalImage]) -> dict[str, str | None]:
    """Find digests in an engine's own store, where an image keeps the names that it was pushed or pulled by.

    :return: by reference
    """
    found: dict[str, str | None] = {}
    for reference in references:
        start = f"{reference.rsplit(':', 1)[0]}@"
        names = [name for image in local_images if reference in image.names for name in image.names]
        found[reference] = next((name.removeprefix(start) for name in names if name.startswith(start)), None)
    return found


def list_images(registry: str, apps: Mapping[str, str], python: str, bases: Mapping[str, object]) -> list[Image]:
    """List the images of a site, each after those that it is made from.

    :param registry: ``"host:port"``, perhaps with ``/prefix``
    :param apps: folder of each app, its build context, by the name that its image has
    :param python: version that wheels are fetched for
    :param bases: the fields of ``Distro``, or of ``Hub``
    """
    if "hub" in bases:
        images = hub_images(registry, decode(Hub, bases, "bases"))
    else:
        images = distro_images(registry, decode(Distro, bases, "bases"))
    base = next(image.reference for image in images if image.name == "python")
    return [*images, *(_app_image(registry, name, folder, python, base) for name, folder in apps.items())]


def _app_image(registry: str, name: str, folder: str, python: str, base: str) -> Image:
    # The base's repository and tag count, its registry does not: the same image may move to another registry.
    tag = tag_of([folder_digest(folder), base.removeprefix(f"{registry}/"), python])
    made_from = {"base": base, "folder": folder}
    return Image(name=name, kind="build", reference=f"{registry}/{name}:{tag}", ingredients=made_from)


def distro_images(registry: str, distro: Distro) -> list[Image]:
    """List the base images that are made from a distribution's packages."""
    images = []
    for name, recipe in distro.recipes.items():
        tag = tag_of([distro.suite, distro.serial, distro.dockerfile, distro.path, distro.paths, recipe])
        reference = f"{registry}/{distro.suite}-{name}:{tag}"
        images.append(Image(name=name, kind="distro", reference=reference, ingredients={"recipe": recipe}))
    return images


def hub_images(registry: str, bases: Hub) -> list[Image]:
    """List the base images that are copied from Docker Hub.

    The tag stands for the name on Docker Hub, whichever mirror it comes through.
    """
    images = []
    for name, upstream in bases.hub.items():
        path = upstream if "/" in upstream else f"library/{upstream}"
        reference = f"{registry}/hub-{name}:{tag_of(path)}"
        images.append(
            Image(name=name, kind="hub", reference=reference, ingredients={"source": f"{bases.prefix}/{path}"})
        )
    return images
