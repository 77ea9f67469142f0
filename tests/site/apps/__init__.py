"""Apps as people have them, a folder each: what the tests deploy beside the shipped one."""

import json
from pathlib import Path
from typing import Any

import yaml

from bench import stack
from tests.support.runs import REPOSITORY

FOLDER = Path(__file__).parent
SHOP, PAGE, BOARD, GUIDE = (FOLDER / name for name in ("shop", "page", "board", "guide"))

# Packages of the images that these apps name beside those of the shipped recipes.
RECIPES = {
    "node:20": {"packages": ["base-files", "bash", "coreutils", "node-pg", "nodejs"]},
    "postgres:17": {
        "packages": ["base-files", "bash", "coreutils", "dash", "postgresql-17", "tzdata"],
        "folders": {"/data": "999:999"},
    },
    "nginx:1.26": {"packages": ["base-files", "bash", "nginx"]},
    "php:8.4-fpm": {"packages": ["base-files", "bash", "php8.4-fpm"]},
}
SHIPPED_RECIPES = yaml.safe_load((REPOSITORY / "roles/image/defaults/main.yml").read_text())["image_distro_recipes"]
BASES = [*SHIPPED_RECIPES, *RECIPES]

# What one machine needs, too, and what only the swarm has.
FILES = ["compose.yml", "stack.yml"]
PORTS = {"shop": 4001, "page": 4002, "copy": 4003, "board": 4004, "guide": 4005}
ENTRIES: dict[str, dict[str, Any]] = {
    "shop": {
        "path": str(SHOP),
        "files": FILES,
        "environment": {"SIGN": "Open all day"},
        "secrets": {"orders_password": ""},
    },
    "page": {"path": str(PAGE), "environment": {"PORT": "4002"}},
    "copy": {**stack.ENTRY, "path": str(stack.FOLDER), "environment": {"NAME": "Copy", "PORT": "4003"}},
    "board": {"path": str(BOARD), "files": FILES, "secrets": {"board_password": ""}, "check": "/healthz"},
    "guide": {"path": str(GUIDE), "files": FILES, "check": "/"},
}


def copy_sizes(hosts: int) -> dict[str, int]:
    """Return the number of tasks by service of the shipped stack's second copy."""
    return {f"copy_{name}": size for name, size in stack.sizes(hosts).items()}


def settings(*names: str, **changes: dict[str, str]) -> str:
    """Return the option of `ansible-playbook -e` that deploys some of these apps beside the shipped one.

    :param changes: by the app's name, variables of its files
    """
    entries = {stack.NAME: {**stack.ENTRY, "path": str(stack.FOLDER)}}
    for name in names:
        variables = {**ENTRIES[name].get("environment", {}), **changes.get(name, {})}
        entries[name] = {**ENTRIES[name], "environment": variables}
    return json.dumps({"stacks": entries, "image_distro_recipes": {**SHIPPED_RECIPES, **RECIPES}})
