"""Set the steps of flotilla and of the shell script beside each other, by the part of the work that they do."""

from collections.abc import Iterator
from dataclasses import dataclass

from .steps import Steps


@dataclass(frozen=True)
class Part:
    """A part of the way from bare hosts, which both go.

    :param name: in the table
    :param flotilla: names of the plays that do it
    :param raw: names of the script's steps that do it
    """

    name: str
    flotilla: tuple[str, ...]
    raw: tuple[str, ...]


PARTS = (
    Part("Docker on every host", ("Install and configure Docker",), ("packages",)),
    Part("swarm", ("Create the swarm", "Join and configure managers", "Join and configure workers"), ("swarm",)),
    Part("registry", ("Serve a private registry", "Log in to the registry"), ("registry", "logins")),
    Part("images", ("Start to make base images", "Build and push images"), ("base images", "app's image", "push")),
    Part("deploy", ("Deploy the stack",), ("deploy", "every replica")),
)
REST = "all else: observation, lock, checks, report"


def beside(flotilla: Steps, raw: Steps) -> Iterator[tuple[str, float, float]]:
    """Yield each part with the seconds of flotilla and of the script, what is in no part last."""
    told = [0.0, 0.0]
    for part in PARTS:
        ours = sum(flotilla.get(name, 0.0) for name in part.flotilla)
        theirs = sum(raw.get(name, 0.0) for name in part.raw)
        told = [told[0] + ours, told[1] + theirs]
        yield part.name, ours, theirs
    yield REST, sum(flotilla.values()) - told[0], sum(raw.values()) - told[1]
