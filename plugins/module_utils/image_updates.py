"""Read which services run from an image whose packages have security updates. Nothing is changed."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping

from .engine import Engine, EngineError, Item
from .host import Run, distribution
from .upgrades import with_security_update

SERVICE_LABEL = "com.docker.swarm.service.name"
DPKG_STATUS = "/var/lib/dpkg/status"
OS_RELEASE = "/usr/lib/os-release"
# What apt reads a version from. An image's list may be anybody's, so apt gets no more of it, and as nobody.
FIELDS = ("Package:", "Status:", "Version:", "Architecture:")
PACKAGE = re.compile(r"^Package: ([a-z0-9][a-z0-9+.-]+)$", re.MULTILINE)
NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")


def observe(run: Run, engine: Engine, release: str) -> Mapping[str, tuple[str, ...]]:
    """Compare packages of the images that tasks of services run from here with the host's lists of packages.

    Those lists hold for images of the host's own release alone. An image that has no list of its packages, or none that
    can be read, is left out.

    :param release: the host's, such as ``debian 13``
    :return: names of packages by that of the service, of those that have any
    """
    tasks = engine.get("/containers/json", filters={"label": [SERVICE_LABEL]})
    by_image = {task["ImageID"]: task for task in tasks}
    waiting = {image: tuple(_waiting(run, engine, task["Id"], release)) for image, task in by_image.items()}
    return {_service(task): waiting[task["ImageID"]] for task in tasks if waiting[task["ImageID"]]}


def _service(task: Item) -> str:
    return str(task["Labels"][SERVICE_LABEL])


def _waiting(run: Run, engine: Engine, container: str, release: str) -> Iterator[str]:
    try:
        if distribution(engine.get_file(container, OS_RELEASE)) != release:
            return
        status = engine.get_file(container, DPKG_STATUS)
    except EngineError:
        return
    names = PACKAGE.findall(status)
    if not names:
        return
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        lines = status.splitlines(keepends=True)
        file.writelines(line for line in lines if not line.strip() or line.startswith(FIELDS))
        file.flush()
        os.chmod(file.name, 0o644)  # It is nobody who reads it.
        apt = f"--option=Dir::State::status={file.name}"
        yield from with_security_update(lambda command: run([*NOBODY, *command]), names, apt)
