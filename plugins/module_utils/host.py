"""Read the state of a Linux host: system, packages, files, services, kernel modules.

Everything here only reads. Each function answers one question of ``flotilla.swarm.observe``.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import platform
import socket
import stat


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
        ``memory_mib`` (int), ``addresses`` (list of str, IPv4) and ``default_address`` (str, ``""`` when unknown)
    """
    release = dict(line.split("=", 1) for line in (read_text("/etc/os-release") or "").splitlines() if "=" in line)
    _rc, links, _err = run(["ip", "-json", "-4", "address"])
    addresses = [
        address["local"]
        for link in json.loads(links or "[]")
        for address in link.get("addr_info", [])
        if address.get("scope") == "global"
    ]
    memory = (read_text("/proc/meminfo") or "MemTotal: 0 kB").split(None, 2)[1]
    return {
        "hostname": socket.gethostname(),
        "machine_id": (read_text("/etc/machine-id") or "").strip(),
        "distribution": f"{release.get('ID', '')} {release.get('VERSION_ID', '')}".replace('"', "").strip(),
        "architecture": platform.machine(),
        "kernel": platform.release(),
        "memory_mib": int(memory) // 1024,
        "addresses": addresses,
        "default_address": _default_address(),
    }


def _default_address():
    """Ask the routing table which of our addresses leads outside; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1, RFC 5737
            return probe.getsockname()[0]
        except OSError:
            return ""


def packages(run, names):
    """Return ``{name: version or None}`` of Debian packages; ``None`` means not (completely) installed."""
    if not names:
        return {}
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Abbrev} ${Version}\\n", *names]
    _rc, out, _err = run(query)
    installed = {}
    for line in out.splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[1].startswith(("ii", "hi")):
            installed[fields[0]] = fields[2]
    return {name: installed.get(name) for name in names}


def files(paths, texts):
    """Describe files by their content.

    :param paths: absolute paths
    :param texts: the paths whose text may be shown to people (no secrets)
    :return: by path: ``None`` where there is none, else ``{sha256, mode ("0644"), mtime (seconds), text or None}``
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
        found[path] = {
            "sha256": hashlib.sha256(content).hexdigest(),
            "mode": f"{stat.S_IMODE(status.st_mode):04o}",
            "mtime": int(status.st_mtime),
            "text": content.decode(errors="replace") if path in texts else None,
        }
    return found


def services(run, names):
    """Describe systemd services.

    :return: ``{name: {active (bool), enabled (bool), started (seconds since 1970, 0 if not running)}}``
    """
    if not names:
        return {}
    properties = "--property=Id,ActiveState,UnitFileState,ActiveEnterTimestamp"
    _rc, out, _err = run(["systemctl", "show", "--timestamp=unix", properties, *(f"{name}.service" for name in names)])
    found = {}
    for name, block in zip(names, out.split("\n\n"), strict=True):
        shown = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        active = shown.get("ActiveState") == "active"
        found[name] = {
            "active": active,
            "enabled": shown.get("UnitFileState") == "enabled",
            "started": int(shown.get("ActiveEnterTimestamp", "").lstrip("@") or 0) if active else 0,
        }
    return found


def kernel_modules(names):
    """Return ``{name: bool}``: whether the kernel has it now, loaded or built in."""
    loaded = {line.split()[0] for line in (read_text("/proc/modules") or "").splitlines()}
    builtin = {
        os.path.basename(line).split(".")[0]
        for line in (read_text(f"/lib/modules/{platform.release()}/modules.builtin") or "").splitlines()
    }
    return {name: name in loaded or name in builtin or os.path.isdir(f"/sys/module/{name}") for name in names}


def page(address, port, path, timeout=3):
    """Ask this host's published port for a page, as a visitor would.

    :param timeout: seconds
    :return: ``""`` when it answered with a success, else what happened instead
    """
    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    return "" if status < 400 else f"HTTP {status}"
