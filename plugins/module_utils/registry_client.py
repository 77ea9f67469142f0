"""Ask a registry about a login, without an engine.

A run must find out before it changes anything whether an external registry takes the accounts that it was given, also
on a host whose engine is not there yet or does not have the registry's CA yet. This client does what ``docker login``
does (https://distribution.github.io/distribution/spec/auth/token/). It does not find out what an account may do beyond
that.
"""

from __future__ import annotations

import hashlib
import http.client
import re
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping

from .registry import encode

# Seconds that one answer may take.
TIMEOUT = 10
# Seconds in which somebody at an address must show a certificate.
REACH_TIMEOUT = 3


def probe(
    server: str,
    credentials: Mapping[str, str],
    ca: str = "",
    insecure: bool = False,
    proxies: Mapping[str, str] | None = None,
) -> str:
    """Log in to a registry.

    :param server: ``"host"`` or ``"host:port"``
    :param credentials: ``{"username": ..., "password": ...}``
    :param ca: PEM text of a CA that is trusted beside the system's own
    :param insecure: whether any certificate, and a registry without TLS, will do
    :param proxies: ``proxies`` of the engine's settings
    :return: ``""`` when the registry accepted, else what happened instead
    """
    way = choose_proxies(server, proxies or {})
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


def certificate(name: str, port: str) -> str:
    """Recognise the certificate that a registry shows, trusted or not.

    :return: SHA-256 of its PEM text; ``""`` where nobody is there, or somebody without TLS
    """
    try:
        shown = ssl.get_server_certificate((name, int(port)), timeout=REACH_TIMEOUT)
    except (OSError, ValueError):
        return ""
    return hashlib.sha256(shown.encode()).hexdigest()


def certificate_days(server: str, ca: str = "", proxies: Mapping[str, str] | None = None) -> tuple[float, ...]:
    """Tell from when and until when the certificate that a registry shows is valid.

    :param server: see ``probe``, as for the others
    :return: both in seconds since 1970; empty where nobody shows one that is trusted, or only a proxy leads there
    """
    name, _, port = server.rpartition(":")
    if choose_proxies(server, proxies or {}):
        return ()
    try:
        context, address = _context(ca, insecure=False), (name, int(port))
        way = socket.create_connection(address, REACH_TIMEOUT)
        with way, context.wrap_socket(way, server_hostname=name) as shown:
            told = shown.getpeercert() or {}
    except (OSError, ValueError):
        return ()
    return tuple(ssl.cert_time_to_seconds(str(told[name])) for name in ("notBefore", "notAfter") if name in told)


def choose_proxies(server: str, given: Mapping[str, str]) -> dict[str, str]:
    """Go the way that an engine with these settings goes; the host's own environment does not count.

    :param server: ``"host:port"``
    :param given: ``proxies`` of the engine's settings
    :return: proxy by scheme, as far as there is one for this server
    """
    excepted = {"no": given.get("no-proxy", "")}
    if urllib.request.proxy_bypass_environment(server, excepted):  # type: ignore[attr-defined]  # typeshed lacks it
        return {}
    return {scheme: given[f"{scheme}-proxy"] for scheme in ("https", "http") if given.get(f"{scheme}-proxy")}


def _context(ca: str, insecure: bool) -> ssl.SSLContext:
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


def _login(opener: urllib.request.OpenerDirector, url: str, credentials: Mapping[str, str]) -> str:
    """Follow the registry's challenge: its own account file (Basic), or a server that gives tokens (Bearer)."""
    status, challenge = _get(opener, url)
    if status == 401:
        if challenge.lower().startswith("bearer"):
            fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
            query = {"service": fields.get("service", ""), "account": credentials["username"]}
            url = f"{fields.get('realm', '')}?{urllib.parse.urlencode(query)}"
        status, _challenge = _get(opener, url, encode(credentials))
    return "" if status < 400 else f"{url} answers with {status} {http.client.responses.get(status, '')}".strip()


def _get(opener: urllib.request.OpenerDirector, url: str, auth: str = "") -> tuple[int, str]:
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {auth}"} if auth else {})
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("WWW-Authenticate", "")
