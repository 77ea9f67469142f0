"""Ask a registry about a login, without an engine, and recognise a login without showing it.

A run must know before it changes anything whether an external registry takes the accounts that it was given, also on a
host whose engine is not there yet or does not have the registry's CA yet. This client does what ``docker login`` does
(https://distribution.github.io/distribution/spec/auth/token/). It does not see what an account may do beyond that.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import re
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request

# Seconds that one answer may take.
TIMEOUT = 10
# Seconds in which somebody at an address must show a certificate.
REACH_TIMEOUT = 3


def probe(server, credentials, ca="", insecure=False, proxies=None):
    """Log in to a registry.

    :param server: ``"host"`` or ``"host:port"``
    :param credentials: ``{"username": ..., "password": ...}``
    :param ca: PEM text of a CA that is trusted beside the system's own
    :param insecure: whether any certificate, and a registry without TLS, will do
    :param proxies: ``proxies`` of the engine's settings
    :return: ``""`` when the registry accepted, else what happened instead
    """
    way = _proxies(server, proxies or {})
    handlers = urllib.request.ProxyHandler(way), urllib.request.HTTPSHandler(context=_context(ca, insecure))
    opener = urllib.request.build_opener(*handlers)
    message = ""
    for scheme in ("https", "http") if insecure else ("https",):
        try:
            return _login(opener, f"{scheme}://{server}/v2/", credentials)
        except urllib.error.URLError as error:
            message = str(error.reason)
        except (OSError, ValueError, http.client.HTTPException) as error:
            message = str(error) or type(error).__name__
    return f"{message} (through the engine's proxy)" if way else message


def find_way(server, proxies=None, answers=True):
    """Tell where the name of a registry leads this host, and who answers there.

    :param server: ``"host:port"``
    :param proxies: ``proxies`` of the engine's settings
    :param answers: whether to ask who answers
    :return: dict with ``addresses`` (list of str, IPv4), ``error`` (why there is none, else ``""``) and ``certificate``
        (SHA-256 of the PEM text, trusted or not; ``""`` when nobody showed one); ``None`` where the engine asks a proxy
        instead
    """
    if "https" in _proxies(server, proxies or {}):
        return None
    name, _, port = server.rpartition(":")
    found = {"addresses": [], "error": "", "certificate": ""}
    try:
        entries = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        return dict(found, error=getattr(error, "strerror", None) or str(error))
    found["addresses"] = list(dict.fromkeys(entry[4][0] for entry in entries))
    if answers:
        # Nobody there, or somebody without TLS: as good as another's certificate.
        with contextlib.suppress(OSError, ValueError):
            shown = ssl.get_server_certificate((name, int(port)), timeout=REACH_TIMEOUT)
            found["certificate"] = hashlib.sha256(shown.encode()).hexdigest()
    return found


def _proxies(server, given):
    """Go the way that an engine with these settings goes, by scheme; the host's own environment does not count."""
    if urllib.request.proxy_bypass_environment(server, {"no": given.get("no-proxy", "")}):
        return {}
    return {scheme: given[f"{scheme}-proxy"] for scheme in ("https", "http") if given.get(f"{scheme}-proxy")}


def _context(ca, insecure):
    """Trust as an engine does: the system's CAs and the given one, names from the alternative names alone."""
    context = ssl.create_default_context()
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    context.hostname_checks_common_name = False
    if ca:
        context.load_verify_locations(cadata=ca)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _login(opener, url, credentials):
    """Follow the registry's challenge: its own account file (Basic), or a server that gives tokens (Bearer)."""
    status, challenge = _get(opener, url)
    if status == 401:
        if challenge.lower().startswith("bearer"):
            fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
            query = {"service": fields.get("service", ""), "account": credentials["username"]}
            url = f"{fields.get('realm', '')}?{urllib.parse.urlencode(query)}"
        status, _challenge = _get(opener, url, encode(credentials))
    return "" if status < 400 else f"{url} answers with {status} {http.client.responses.get(status, '')}".strip()


def _get(opener, url, auth=""):
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {auth}"} if auth else {})
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("WWW-Authenticate", "")


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


def fingerprint(server, credentials):
    """Recognise a login later without keeping it.

    Memory-hard, since a user's password may be short; shown to managers, who have the login anyway.

    :return: str, hexadecimal
    """
    salt = f"flotilla {server}".encode()
    return hashlib.scrypt(encode(credentials).encode(), salt=salt, n=2**14, r=8, p=1, dklen=16).hex()
