"""Read from a Dockerfile which images it is made from."""

from __future__ import annotations

import re
from collections.abc import Mapping

# https://docs.docker.com/reference/dockerfile: FROM [--platform=P] IMAGE [AS NAME], with ARGs of before the first FROM.
FROM = re.compile(r"^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)(?:[ \t]+AS[ \t]+(\S+))?", re.IGNORECASE | re.MULTILINE)
ARG = re.compile(r"^[ \t]*ARG[ \t]+(\w+)(?:=(\S*))?", re.IGNORECASE | re.MULTILINE)
COPIED = re.compile(
    r"^[ \t]*(?:(?:COPY|ADD)\b.*?[ \t]--from=|RUN\b.*?[ \t]--mount=(?:[^\s]*,)?from=)([^\s,]+)",
    re.IGNORECASE | re.MULTILINE,
)
# What is handed to a command of the build, up to a line with the word alone.
HEREDOC = re.compile(r"^(.*<<-?[\"']?(\w+)[\"']?.*\n)(?:.*\n)*?\t*\2[ \t]*$", re.MULTILINE)
VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")
# What Docker takes as the host of a registry: a name with a dot or a port, or localhost.
REGISTRY_HOST = re.compile(r"(localhost|[^/]*[.:][^/]*)/")
HUB = re.compile(r"^(?:index\.)?docker\.io/(?:library/)?|^library/")


def base_images(text: str, args: Mapping[str, str]) -> list[str]:
    """List the images that the stages of a Dockerfile begin with or copy from, as people call them.

    :param text: the Dockerfile
    :param args: build arguments that the build is given
    """
    text = HEREDOC.sub(r"\1", text)
    first = FROM.search(text)
    values: dict[str, str] = {}

    def fill(match: re.Match[str]) -> str:
        return values.get(match[1] or match[3]) or match[2] or ""

    # The default of an argument may be made of the ones before it.
    for name, default in ARG.findall(text[: first.start()] if first else ""):
        values[name] = args.get(name, VARIABLE.sub(fill, default)).strip("\"'")
    stages = {alias.lower() for _, alias in FROM.findall(text) if alias}
    named = [*(name for name, _ in FROM.findall(text)), *COPIED.findall(text)]
    found = [familiar(VARIABLE.sub(fill, name)) for name in named]
    return list(dict.fromkeys(name for name in found if name and not _is_stage(name, stages)))


def _is_stage(name: str, stages: set[str]) -> bool:
    return name == "scratch" or name.isdecimal() or name.lower() in stages


def familiar(name: str) -> str:
    """Return an image's name without what Docker Hub is called: ``docker.io/library/redis:8`` is ``redis:8``."""
    return HUB.sub("", name)


def is_of_registry(name: str) -> bool:
    """Tell whether a name begins with a registry, and so says itself where the image is."""
    return bool(REGISTRY_HOST.match(name))
