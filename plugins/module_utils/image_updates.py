"""Read which services run from an image whose packages have security updates. Nothing is changed."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping

from .engine import Engine, EngineError, Item
from .host import Run, distribution
from .upgrades import UpgradesError, with_security_update

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
    waiting = {image: _waiting(run, engine, task["Id"], release) for image, task in by_image.items()}
    return {_service(task): waiting[task["ImageID"]] for task in tasks if waiting[task["ImageID"]]}


def _service(task: Item) -> str:
    return str(task["Labels"][SERVICE_LABEL])


def _waiting(run: Run, engine: Engine, container: str, release: str) -> tuple[str, ...]:
    try:
        if distribution(engine.get_file(container, OS_RELEASE)) == release:
            return _compare(run, engine.get_file(container, DPKG_STATUS))
    except (EngineError, UpgradesError):
        pass  # What is in an image is no fault of the host's: it tells nothing of itself.
    return ()


def _compare(run: Run, status: str) -> tuple[str, ...]:
    """Name the packages of an image that have security updates.

    :param status: the text of its list
    :raise UpgradesError: apt cannot read it
    """
    names = PACKAGE.findall(status)
    if not names:
        return ()
    lines = [line for line in status.splitlines(keepends=True) if not line.strip() or line.startswith(FIELDS)]
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.writelines(lines)
        file.flush()
        os.chmod(file.name, 0o644)  # It is nobody who reads it.
        apt = f"--option=Dir::State::status={file.name}"
        return with_security_update(lambda command: run([*NOBODY, *command]), names, apt)
