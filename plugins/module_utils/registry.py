"""What every observation asks about a registry: where its name leads, and which login is meant, without showing it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import socket
from collections.abc import Mapping
from dataclasses import replace
from types import ModuleType

from .observation.network import Resolution

# Docker Hub as people name it, the server that engines ask for its images, and what Docker's config.json calls a login
# there: a push and the services of a swarm find it by that word alone (IndexServer in https://github.com/docker/cli).
HUB, HUB_SERVER, HUB_LOGIN = "docker.io", "registry-1.docker.io", "https://index.docker.io/v1/"
# How a registry says that it is asked too often.
LIMITED = re.compile(r"\b429\b|too ?many ?requests", re.IGNORECASE)


def login_name(server: str) -> str:
    """Return what Docker's ``config.json`` calls a login.

    :param server: ``"host"`` or ``"host:port"``, as for ``api_server``
    """
    return HUB_LOGIN if server == HUB else server


def api_server(server: str) -> str:
    """Return the server that answers for a registry."""
    return HUB_SERVER if server == HUB else server


def image_prefix(url: str) -> str:
    """Return what the names of a registry's images begin with: engines leave Docker Hub itself out.

    :param url: ``"host[:port][/prefix]"``
    """
    return url[len(f"{HUB}/") :] if url.startswith(f"{HUB}/") else url


def server_of(image: str) -> str:
    """Return the registry that an image's name leads to; a first part without dot and port is a name on Docker Hub."""
    first, slash, _ = image.partition("/")
    return first if slash and (set(".:") & set(first) or first == "localhost") else HUB


def resolve(server: str, proxies: Mapping[str, str] | None = None, answers: bool = True) -> Resolution | None:
    """Tell where the name of a registry leads this host, and who answers there.

    :param server: ``"host:port"``
    :param proxies: ``proxies`` of the engine's settings
    :param answers: whether to ask who answers
    :return: ``None`` where the engine asks a proxy instead
    """
    if proxies and "https" in registry_client().choose_proxies(server, proxies):
        return None
    name, _, port = server.rpartition(":")
    try:
        entries = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        return Resolution(error=getattr(error, "strerror", None) or str(error))
    found = Resolution(addresses=tuple(dict.fromkeys(str(entry[4][0]) for entry in entries)))
    return replace(found, certificate=registry_client().certificate(name, port)) if answers else found


def registry_client() -> ModuleType:
    """Import the client only where it is needed: TLS and URLs cost more to import than all that is asked otherwise."""
    from . import registry_client as client

    return client


def encode(credentials: Mapping[str, str]) -> str:
    """Write a login in one word, as Docker's ``config.json`` does."""
    return base64.b64encode(f"{credentials['username']}:{credentials['password']}".encode()).decode()


def decode(auth: str) -> dict[str, str]:
    """Read what ``encode`` wrote.

    :return: ``username`` and ``password``
    :raise ValueError: it is no such word
    """
    username, password = base64.b64decode(auth).decode().split(":", 1)
    return {"username": username, "password": password}


def fingerprint(key: str, server: str, credentials: Mapping[str, str]) -> str:
    """Recognise a login later without keeping it.

    :param key: a secret: without it a short password could be guessed
    :return: hexadecimal
    """
    return hmac.new(key.encode(), f"{server} {encode(credentials)}".encode(), hashlib.sha256).hexdigest()
