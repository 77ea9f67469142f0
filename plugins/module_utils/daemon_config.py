"""Let a host's dockerd say what is wrong with a ``daemon.json``, before any engine has to start with it.

It is asked with the flags of its unit, because it refuses what stands both there and in the file, too. It reads the
text from its standard input and ends before it would become an engine: nothing on the host is touched.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from .host import read_text
from .observation.host import File, Unit

# ``AnsibleModule.run_command``, which takes what a command reads as ``data``.
Run = Callable[..., tuple[int, str, str]]

PATH = "/etc/docker/daemon.json"
# systemd tells arguments whole on its bus only; systemctl joins them by spaces. The name is docker.service, escaped.
QUESTION = [
    "busctl",
    "--json=short",
    "get-property",
    "org.freedesktop.systemd1",
    "/org/freedesktop/systemd1/unit/docker_2eservice",
    "org.freedesktop.systemd1.Service",
    "ExecStart",
    "Environment",
    "EnvironmentFiles",
]
ASSIGNMENT = re.compile(r"^([A-Za-z_]\w*)=(.*)$", re.MULTILINE)
# A word of an address from its scheme to its last @, as in http://user:password@proxy:3128.
LOGIN = re.compile(r"//\S*@")
PREFIX = "unable to configure the Docker daemon with file /dev/stdin: "


def refusal(
    run: Run,
    desired: Mapping[str, Mapping[str, Any]],
    files: Mapping[str, File | None],
    services: Mapping[str, Unit],
) -> str:
    """Ask this host's dockerd what is wrong with the settings that it is to get.

    It is asked where the file differs, and where no engine runs, since one is then started with the file.

    :param desired: what each role needs on this host, by role name; see ``flotilla.swarm.observe``
    :param files: as they are there, as are ``services``
    :return: dockerd's own sentence, in one line and without logins; ``""`` where it accepts the settings, where it was
        not asked, and where no dockerd is installed
    """
    role = desired.get("docker", {})
    text = role.get("files", {}).get(PATH, {}).get("text")
    if text is None:
        return ""
    found = files.get(PATH)
    same = found is not None and hashlib.sha256(text.encode()).hexdigest() == found.sha256
    if same and all(services[name].active for name in role.get("services", [])):
        return ""
    command = start_command(run)
    if not command:
        return ""
    rc, out, err = run([*command, "--validate", "--config-file", "/dev/stdin"], data=text)
    if rc == 0 or "unknown flag: --validate" in err:
        return ""
    return sentence(err or out) or f"dockerd --validate ends with {rc}"


def start_command(run: Run) -> list[str]:
    """Tell with which words docker.service starts dockerd.

    :return: program and flags; empty where there is no such unit, or where it starts another program, which a flag
        would not keep from starting an engine
    """
    rc, out, _err = run(QUESTION)
    if rc != 0:
        return []
    starts, assignments, files = (json.loads(line)["data"] for line in out.splitlines())
    if not starts or os.path.basename(starts[0][0]) != "dockerd":
        return []
    environment = dict(assignment.split("=", 1) for assignment in assignments)
    for path, _optional in files:
        environment.update(read_environment(read_text(path) or ""))
    program, (_name, *flags) = starts[0][:2]
    return [program, *expand(flags, environment)]


def read_environment(text: str) -> dict[str, str]:
    """Read an ``EnvironmentFile``: one assignment a line, of which the whole value may stand in quotes."""
    found = {}
    for name, value in ASSIGNMENT.findall(text):
        value = value.strip()
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        found[name] = value[1:-1] if quoted else value
    return found


def expand(words: list[str], environment: dict[str, str]) -> list[str]:
    """Put variables in as systemd does: a word ``$NAME`` becomes words, ``${NAME}`` stays a part of its word.

    Source: "Command lines" in https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html
    """
    found: list[str] = []
    for word in words:
        if re.fullmatch(r"\$[A-Za-z_]\w*", word):
            found += shlex.split(environment.get(word[1:], ""))
        else:
            found.append(re.sub(r"\$\{(\w+)\}", lambda match: environment.get(match[1], ""), word).replace("$$", "$"))
    return found


def sentence(text: str) -> str:
    """Shorten what dockerd says to one line, without its words about the file and without logins in addresses."""
    return without_logins(" ".join(text.split()).replace(PREFIX, ""))


def without_logins(text: str) -> str:
    """Put stars in place of the logins of addresses in a text."""
    return LOGIN.sub("//***@", text)
