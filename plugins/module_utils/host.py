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
import time

from .http10 import HttpError, ask

# Devices that the engine makes: its bridges and their ends.
ENGINE_DEVICE = re.compile(r"docker0|docker_gwbridge|br-[0-9a-f]{12}|veth[0-9a-f]{7}")


def read_text(path):
    """Return a file's text, or ``None`` when it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return None


def system(run):
    """Describe the host itself.

    :param run: ``AnsibleModule.run_command``
    :return: dict with ``hostname``, ``machine_id``, ``distribution`` (``"debian 13"``), ``architecture``, ``kernel``,
        ``cpus``, ``memory_mib`` and ``disk_free_mib`` (int, the latter of /var), ``addresses`` (list of str, IPv4,
        without those of the engine's own bridges), ``default_address`` (str, ``""`` when unknown) and ``time`` (seconds
        since 1970)
    """
    release = dict(line.split("=", 1) for line in (read_text("/etc/os-release") or "").splitlines() if "=" in line)
    _rc, links, _err = run(["ip", "-json", "-4", "address"])
    addresses = [
        address["local"]
        for link in json.loads(links or "[]")
        for address in link.get("addr_info", [])
        if address.get("scope") == "global" and not ENGINE_DEVICE.fullmatch(link["ifname"])
    ]
    memory = (read_text("/proc/meminfo") or "MemTotal: 0 kB").split(None, 2)[1]
    return {
        "hostname": socket.gethostname(),
        "machine_id": (read_text("/etc/machine-id") or "").strip(),
        "distribution": f"{release.get('ID', '')} {release.get('VERSION_ID', '')}".replace('"', "").strip(),
        "architecture": platform.machine(),
        "kernel": platform.release(),
        "cpus": os.cpu_count(),
        "memory_mib": int(memory) // 1024,
        "disk_free_mib": shutil.disk_usage("/var").free // 2**20,
        "addresses": addresses,
        "default_address": _default_address(),
        "time": time.time(),
    }


def _default_address():
    """Ask the routing table which of our addresses leads outside; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1, RFC 5737
            return probe.getsockname()[0]
        except OSError:
            return ""


def files(paths, texts):
    """Describe files by their content.

    :param paths: absolute paths
    :param texts: the paths whose text may be shown to people (no secrets)
    :return: by path: ``None`` where there is none, else ``{sha256, mode ("0644"), mtime (seconds), text or None}``;
        the digest is ``""`` where neither people nor the host's users may read the file: it would tell a short secret
    """
    found = {}
    for path in paths:
        try:
            with open(path, "rb") as stream:
                content = stream.read()
                status = os.fstat(stream.fileno())
        except OSError:
            found[path] = None
            continue
        public = path in texts or status.st_mode & stat.S_IROTH
        found[path] = {
            "sha256": hashlib.sha256(content).hexdigest() if public else "",
            "mode": f"{stat.S_IMODE(status.st_mode):04o}",
            "mtime": int(status.st_mtime),
            "text": content.decode(errors="replace") if path in texts else None,
        }
    return found


def services(run, names):
    """Describe systemd services.

    :return: ``{name: {active (bool), failed (bool, also between two attempts to start), enabled (bool), started
        (seconds since 1970, 0 if not running)}}``
    """
    if not names:
        return {}
    properties = "--property=Id,ActiveState,SubState,UnitFileState,ActiveEnterTimestamp"
    _rc, out, _err = run(["systemctl", "show", "--timestamp=unix", properties, *(f"{name}.service" for name in names)])
    found = {}
    # A system manager that does not answer, as while a host still boots, runs none of them.
    for name, block in zip(names, out.split("\n\n") + [""] * len(names), strict=False):
        shown = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        active = shown.get("ActiveState") == "active"
        found[name] = {
            "active": active,
            "failed": shown.get("ActiveState") == "failed" or shown.get("SubState", "").startswith("auto-restart"),
            "enabled": shown.get("UnitFileState") == "enabled",
            "started": int(shown.get("ActiveEnterTimestamp", "").lstrip("@") or 0) if active else 0,
        }
    return found


def kernel_modules(names):
    """Tell which kernel modules are there.

    :return: by name: ``loaded`` (or built in), ``available`` (can be loaded) or ``missing``
    """
    loaded = {line.split()[0] for line in (read_text("/proc/modules") or "").splitlines()}
    # Built-in ones have a folder there only if they have parameters.
    loaded.update(name for name in names if os.path.isdir(f"/sys/module/{name}"))
    found = dict.fromkeys(names, "loaded")
    absent = [name for name in names if name not in loaded]
    if absent:
        # Thousands of lines, which a host that is set up need not read.
        folder = f"/lib/modules/{platform.release()}"
        builtin = _module_names(read_text(f"{folder}/modules.builtin"))
        available = _module_names(read_text(f"{folder}/modules.dep"))
        for name in absent:
            found[name] = "loaded" if name in builtin else "available" if name in available else "missing"
    return found


def _module_names(listing):
    """Take module names from lines such as ``kernel/net/ipv4/ip_vs.ko.xz: ...``; file names may have dashes."""
    paths = [line.split(":")[0] for line in (listing or "").splitlines()]
    return {os.path.basename(path).split(".")[0].replace("-", "_") for path in paths}


def page(address, port, path, visits=1, timeout=3):
    """Ask this host's published port for a page, as a visitor would.

    :param visits: how many times; the first failure ends it
    :param timeout: seconds for each
    :return: ``""`` when it answered with a success each time, else what happened instead
    """
    for visit in range(1, visits + 1):
        failure = _visit(address, port, path, timeout)
        if failure:
            return failure if visits == 1 else f"visit {visit} of {visits}: {failure}"
    return ""


def _visit(address, port, path, timeout):
    try:
        with socket.create_connection((address, port), timeout) as connection:
            status, _content = ask(connection, "GET", path, f"{address}:{port}")
    except (OSError, HttpError) as error:
        return str(error) or type(error).__name__
    return "" if status < 400 else f"HTTP {status}"
