"""What is kept of a fleet between commands, in its fleet.json."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from . import settings

FILE = "fleet.json"


@dataclass
class State:
    """The state of a fleet.

    :param index: number of the fleet, which decides its addresses
    :param image: name of the base image
    :param complete: whether the first `up` came to its end; otherwise the next clears what it left
    :param hosts: MiB of memory by host name
    :param published: ports of the machine that lead to the hosts
    :param hosts_digest: of the hosts.yml that was last written
    """

    index: int
    image: str
    complete: bool = False
    hosts: dict[str, int] = field(default_factory=dict)
    published: list[int] = field(default_factory=list)
    hosts_digest: str | None = None


def load(folder: Path) -> State | None:
    """Return the state of the fleet in a folder; None if there is no fleet."""
    try:
        return State(**json.loads((folder / FILE).read_text()))
    except FileNotFoundError:
        return None


def save(folder: Path, state: State) -> None:
    """Keep the state of the fleet in a folder."""
    settings.write_atomically(folder / FILE, json.dumps(asdict(state), indent=2) + "\n")
