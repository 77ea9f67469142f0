"""The base disk image that all hosts share.

An image is a folder named by the hash of its recipe and is never written again: the copy-on-write
disks of the hosts check the size and time of what they build on. The kernel lies beside the disk,
so that both stay a pair when the machine's own package is upgraded.
"""

import hashlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TypedDict

from . import folders, process, settings
from .errors import FleetError

SUITE = "trixie"
PACKAGES = [
    "ca-certificates",
    "dbus",
    "iproute2",
    "iptables",
    "kmod",
    "openssh-server",
    "procps",
    "python3",
    "python3-apt",
    "sudo",
    "systemd-sysv",
    "udev",
]
DISK_SIZE = "8G"  # of the file system that a host sees; the file is sparse
DEFAULT_MIRRORS = {
    "debian": "http://deb.debian.org/debian/",
    "security": "http://deb.debian.org/debian-security/",
}
# Documentation is not unpacked, here or when a host installs packages: disk writes are slow.
DPKG_OPTIONS = [
    "path-exclude=/usr/share/doc/*",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/locale/*",
]
BASE = Path(__file__).parent / "base"
MODULES = Path("/usr/lib/uml/modules")


class Recipe(TypedDict):
    """Everything that decides what an image contains, as JSON data."""

    suite: str
    packages: list[str]
    disk_size: str
    dpkg_options: list[str]
    apt_options: list[str]
    kernel: str
    files: dict[str, list[str]]


def recipe() -> Recipe:
    """Return the recipe of the image that this machine makes."""
    return {
        "suite": SUITE,
        "packages": PACKAGES,
        "disk_size": DISK_SIZE,
        "dpkg_options": DPKG_OPTIONS,
        "apt_options": apt_options(),
        "kernel": kernel_version(),
        "files": files_below(BASE),
    }


def recipe_hash(ingredients: Recipe) -> str:
    """Return the name of the image that a recipe makes: 12 hexadecimal digits."""
    text = json.dumps(ingredients, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def files_below(folder: Path) -> dict[str, list[str]]:
    """Return path, kind of mode and content of every file below a folder."""
    return {
        str(path.relative_to(folder)): [
            "executable" if os.access(path, os.X_OK) else "plain",
            path.read_text(),
        ]
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def kernel_version() -> str:
    """Return the version of the installed User-Mode Linux, such as "6.12.1"."""
    return process.run("linux.uml", "--version").strip()


def mirrors() -> dict[str, str]:
    """Return the base URLs of the mirror that this machine's own apt uses."""
    listing = process.run("apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)")
    found: dict[str, str] = {}
    for line in listing.splitlines():
        release, _, url = line.partition(" ")
        if url.startswith("http"):
            found.setdefault(release, url)
    return {
        "debian": found.get(SUITE, DEFAULT_MIRRORS["debian"]),
        "security": found.get(f"{SUITE}-security", DEFAULT_MIRRORS["security"]),
    }


def apt_options() -> list[str]:
    """Return the machine's own options about the age of its mirror, which may be a frozen copy."""
    listing = process.run(
        "apt-config",
        "dump",
        "--format",
        "%F %v%n",
        "Acquire::Check-Valid-Until",
        "Acquire::Check-Date",
    )
    pairs = [line.split(" ", 1) for line in listing.splitlines()]
    return [f'{name} "{value}"' for name, value in pairs]


def exists() -> bool:
    """Tell whether the image of the present recipe is there."""
    return folder_of(recipe_hash(recipe())).exists()


def ensure() -> str:
    """Make the image of the present recipe unless it is there, and return its name.

    :raise FleetError: it could not be made
    """
    ingredients = recipe()
    name = recipe_hash(ingredients)
    with settings.locked("images"):
        folder = folder_of(name)
        if folder.exists():
            return name
        for leftover in folder.parent.glob("*.new"):
            shutil.rmtree(leftover)
        print(f"Making base image {name} (Debian {SUITE}, about a minute)", flush=True)
        started = time.monotonic()
        temporary = folder.with_suffix(".new")
        temporary.mkdir(parents=True)
        try:
            make_disk(ingredients, temporary)
            shutil.copy2(shutil.which("linux.uml") or "linux.uml", temporary / "kernel")
            sources = (BASE / "xstate.c", BASE / "timer.c")
            process.run("gcc", "-shared", "-fPIC", "-O2", "-o", temporary / "preload.so", *sources)
            shutil.copy2(BASE / "boot", temporary / "boot")
            (temporary / "recipe.json").write_text(json.dumps(ingredients, indent=2))
            temporary.rename(folder)
        finally:
            folders.remove(temporary)
        print(f"Base image {name} made in {time.monotonic() - started:.0f} s", flush=True)
    return name


def make_disk(ingredients: Recipe, folder: Path) -> None:
    """Make disk.img in a folder.

    :raise FleetError: mmdebstrap failed; its last lines are in the message
    """
    root = folder / "root"
    mirror = mirrors()
    environment = {
        **os.environ,
        "UML_MODULES": str(MODULES / ingredients["kernel"]),
        "LC_ALL": "C.UTF-8",
    }
    command = [
        # The builder's mounts and processes end with it, and it ends with this command.
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *("mmdebstrap", "--variant=minbase", "--quiet", f"--include={','.join(PACKAGES)}"),
        *(f"--aptopt={option}" for option in ingredients["apt_options"]),
        *(f"--dpkgopt={option}" for option in DPKG_OPTIONS),
        f"--customize-hook={BASE / 'customize.sh'}",
        SUITE,
        str(root),
        f"deb {mirror['debian']} {SUITE} main",
        f"deb {mirror['debian']} {SUITE}-updates main",
        f"deb {mirror['security']} {SUITE}-security main",
    ]
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        complaint = " | ".join(done.stderr.strip().splitlines()[-3:])
        raise FleetError(f"the base image could not be made; mmdebstrap said: {complaint}")
    # The inode tables are written now, sparsely; otherwise each guest's kernel would write its own.
    process.run(
        *("mke2fs", "-q", "-t", "ext4", "-E", "lazy_itable_init=0", "-d", root),
        *(folder / "disk.img", DISK_SIZE),
    )
    shutil.rmtree(root)


def folder_of(name: str) -> Path:
    """Return the folder of an image, which holds disk.img, kernel, boot and recipe.json."""
    return settings.home() / "images" / name
