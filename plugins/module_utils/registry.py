"""What every observation asks about a registry: where its name leads, and which login is meant, without showing it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket


def find_way(server, proxies=None, answers=True):
    """Tell where the name of a registry leads this host, and who answers there.

    :param server: ``"host:port"``
    :param proxies: ``proxies`` of the engine's settings
    :param answers: whether to ask who answers
    :return: dict with ``addresses`` (list of str, IPv4), ``error`` (why there is none, else ``""``) and ``certificate``
        (SHA-256 of the PEM text, trusted or not; ``""`` when nobody showed one); ``None`` where the engine asks a proxy
        instead
    """
    if proxies and "https" in registry_client().choose_proxies(server, proxies):
        return None
    name, _, port = server.rpartition(":")
    found = {"addresses": [], "error": "", "certificate": ""}
    try:
        entries = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        return dict(found, error=getattr(error, "strerror", None) or str(error))
    found["addresses"] = list(dict.fromkeys(entry[4][0] for entry in entries))
    if answers:
        found["certificate"] = registry_client().certificate(name, port)
    return found


def registry_client():
    """Import the client only where it is needed: TLS and URLs cost more to import than all that is asked otherwise."""
    from . import registry_client as client

    return client


def encode(credentials):
    """Write a login in one word, as Docker's ``config.json`` does."""
    return base64.b64encode(f"{credentials['username']}:{credentials['password']}".encode()).decode()


def decode(auth):
    """Read what ``encode`` wrote.

    :return: ``{"username": str, "password": str}``
    :raise ValueError: it is no such word
    """
    username, password = base64.b64decode(auth).decode().split(":", 1)
    return {"username": username, "password": password}


def fingerprint(key, server, credentials):
    """Recognise a login later without keeping it.

    :param key: str that no one else knows: without it a short password could be guessed
    :return: str, hexadecimal
    """
    return hmac.new(key.encode(), f"{server} {encode(credentials)}".encode(), hashlib.sha256).hexdigest()
