"""Read the state of a Linux host: system, packages, files, services, kernel modules.

Everything here only reads. Each function answers one question of ``flotilla.swarm.observe``.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Sequence

from .http10 import HttpError, ask
from .observation.host import File, System, Unit

# Runs a command that only reads: exit code, output and errors, as ``AnsibleModule.run_command`` tells them.
Run = Callable[[list[str]], tuple[int, str, str]]

# Devices that the engine makes: its bridges and their ends.
ENGINE_DEVICE = re.compile(r"docker0|docker_gwbridge|br-[0-9a-f]{12}|veth[0-9a-f]{7}")


def run(command: list[str]) -> tuple[int, str, str]:
    """Run a command that only reads.

    :return: exit code, output and errors, as ``AnsibleModule.run_command`` does; that one takes longer than the command
    """
    done = subprocess.run(
        command, env={**os.environ, "LC_ALL": "C"}, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def output(run: Run, command: list[str]) -> str | None:
    """Return what a command prints, ``None`` where it fails or is not there."""
    try:
        code, printed, _errors = run(command)
    except OSError:
        return None
    return None if code else printed


def read_text(path: str) -> str | None:
    """Return a file's text, or ``None`` when it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return None


def system(run: Run) -> System:
    """Describe the host itself."""
    _rc, links, _err = run(["ip", "-json", "-4", "address"])
    addresses = tuple(
        address["local"]
        for link in json.loads(links or "[]")
        for address in link.get("addr_info", [])
        if address.get("scope") == "global" and not ENGINE_DEVICE.fullmatch(link["ifname"])
    )
    memory = (read_text("/proc/meminfo") or "MemTotal: 0 kB").split(None, 2)[1]
    return System(
        hostname=socket.gethostname(),
        machine_id=(read_text("/etc/machine-id") or "").strip(),
        distribution=distribution(read_text("/etc/os-release") or ""),
        architecture=platform.machine(),
        kernel=platform.release(),
        cpus=os.cpu_count() or 1,
        memory_mib=int(memory) // 1024,
        disk_free_mib=shutil.disk_usage("/var").free // 2**20,
        addresses=addresses,
        default_address=_default_address(),
        time=time.time(),
    )


def distribution(release: str) -> str:
    """Name a distribution and its version, such as ``debian 13``.

    :param release: the text of an os-release, see os-release(5)
    """
    fields = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)
    return f"{fields.get('ID', '')} {fields.get('VERSION_ID', '')}".replace('"', "").strip()


def _default_address() -> str:
    """Ask the routing table which of our addresses leads outside; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1, RFC 5737
            return str(probe.getsockname()[0])
        except OSError:
            return ""


def files(paths: Iterable[str], texts: Collection[str]) -> dict[str, File | None]:
    """Describe files by their content.

    :param paths: absolute paths
    :param texts: the paths whose text may be shown to people (no secrets)
    :return: by path, ``None`` where there is none
    """
    found: dict[str, File | None] = {}
    for path in paths:
        try:
            with open(path, "rb") as stream:
                content = stream.read()
                status = os.fstat(stream.fileno())
        except OSError:
            found[path] = None
            continue
        public = path in texts or status.st_mode & stat.S_IROTH
        found[path] = File(
            sha256=hashlib.sha256(content).hexdigest() if public else "",
            mode=f"{stat.S_IMODE(status.st_mode):04o}",
            mtime=int(status.st_mtime),
            text=content.decode(errors="replace") if path in texts else None,
        )
    return found


def services(run: Run, names: Sequence[str]) -> dict[str, Unit]:
    """Describe systemd services by name."""
    if not names:
        return {}
    properties = "--property=Id,ActiveState,SubState,UnitFileState,ActiveEnterTimestamp,MainPID"
    _rc, out, _err = run(["systemctl", "show", "--timestamp=unix", properties, *(f"{name}.service" for name in names)])
    found = {}
    # A system manager that does not answer, as while a host still boots, runs none of them.
    blocks = out.split("\n\n") + [""] * len(names)
    for name, block in zip(names, blocks):
        shown = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        active = shown.get("ActiveState") == "active"
        found[name] = Unit(
            active=active,
            failed=shown.get("ActiveState") == "failed" or shown.get("SubState", "").startswith("auto-restart"),
            enabled=shown.get("UnitFileState") == "enabled",
            started=int(shown.get("ActiveEnterTimestamp", "").lstrip("@") or 0) if active else 0,
            replaced=active and _is_replaced(shown.get("MainPID", "0")),
            flags=_flags(shown.get("MainPID", "0")) if active else (),
        )
    return found


def _is_replaced(process: str) -> bool:
    """Tell whether a process runs from a file that has been deleted since, as dpkg does with one that it replaces.

    The kernel says so behind the file's name, see proc_pid_exe(5).

    :param process: its number, ``0`` for none
    """
    try:
        return os.readlink(f"/proc/{process}/exe").endswith(" (deleted)")
    except OSError:  # It has ended, or is none.
        return False


def _flags(process: str) -> tuple[str, ...]:
    """Name the flags that a process was started with, without their values, in which there may be logins.

    :param process: its number, ``0`` for none
    """
    words = (read_text(f"/proc/{process}/cmdline") or "").split("\0")[1:]
    return tuple(word.split("=")[0] for word in words if word.startswith("-"))


def kernel_modules(names: Sequence[str]) -> dict[str, str]:
    """Tell which kernel modules are there.

    :return: by name: ``loaded`` (or built in), ``available`` (can be loaded) or ``missing``
    """
    loaded = {line.split()[0] for line in (read_text("/proc/modules") or "").splitlines()}
    # Built-in ones have a folder there only if they have parameters.
    loaded.update(name for name in names if os.path.isdir(f"/sys/module/{name}"))
    found = dict.fromkeys(names, "loaded")
    missing = [name for name in names if name not in loaded]
    if missing:
        # Thousands of lines, which a host that is set up need not read.
        folder = f"/lib/modules/{platform.release()}"
        builtin = _module_names(read_text(f"{folder}/modules.builtin"))
        available = _module_names(read_text(f"{folder}/modules.dep"))
        for name in missing:
            found[name] = "loaded" if name in builtin else "available" if name in available else "missing"
    return found


def _module_names(listing: str | None) -> set[str]:
    """Take module names from lines such as ``kernel/net/ipv4/ip_vs.ko.xz: ...``; file names may have dashes."""
    paths = [line.split(":")[0] for line in (listing or "").splitlines()]
    return {os.path.basename(path).split(".")[0].replace("-", "_") for path in paths}


def page(address: str, port: int, path: str, visits: int = 1, timeout: float = 3) -> str:
    """Ask this host's published port for a page, as a visitor would.

    :param path: ``""`` for a service that has no pages; then it is enough that it takes a connection
    :param visits: how many times; the first failure ends it
    :param timeout: seconds for each
    :return: ``""`` when it answered with a success each time, else what happened instead
    """
    for visit in range(1, visits + 1):
        status, said = _visit(address, port, path, timeout)
        failure = said if not status else f"HTTP {status}" if status >= 400 else ""
        if failure:
            return failure if visits == 1 else f"visit {visit} of {visits}: {failure}"
    return ""


def readiness(address: str, port: int, path: str, timeout: float = 10) -> str:
    """Ask through this host's published port whether an app is ready.

    :return: ``""`` when it is, or has no such path; else its status and the first line of what it said
    """
    status, said = _visit(address, port, path, timeout)
    if status and status < 500:
        return ""
    return f"{path}: {f'HTTP {status}: {said}' if status else said}"


def _visit(address: str, port: int, path: str, timeout: float) -> tuple[int, str]:
    """Return the status, ``0`` for no answer, and the first line of the answer, or what happened instead."""
    try:
        with socket.create_connection((address, port), timeout) as connection:
            if not path:
                return 200, ""
            status, content = ask(connection, "GET", path, f"{address}:{port}")
    except (OSError, HttpError) as error:
        return 0, str(error) or type(error).__name__
    return status, content.decode(errors="replace").strip().partition("\n")[0][:200]
