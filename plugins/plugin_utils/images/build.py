"""The command that builds an image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def build_command(image: Mapping[str, Any], context: str, secrets: str, network: str) -> list[str]:
    """Return the command that builds an image on the builder.

    What stands behind ``FROM`` stays as it is: which image of the site's registry that is, is said beside it.

    :param image: as ``model.site.Image.as_dict`` gives it
    :param context: folder on the builder
    :param secrets: folder on the builder with the values of its secrets
    :param network: of the build's own commands: ``none`` or ``default``
    """
    return [
        *("docker", "buildx", "build", "--progress=plain", f"--network={network}"),
        f"--tag={image['reference']}",
        f"--file={context}/{image['dockerfile']}",
        *([f"--target={image['target']}"] if image["target"] else []),
        *(f"--build-arg={name}={value}" for name, value in image["args"].items()),
        *(f"--secret=id={name},src={secrets}/{name}" for name in image["secrets"]),
        *(f"--build-context={name}=docker-image://{reference}" for name, reference in image["bases"].items()),
        context,
    ]
