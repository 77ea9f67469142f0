"""Ask a registry about a login, without an engine.

A run must find out before it changes anything whether an external registry takes the accounts that it was given, also
on a host whose engine is not there yet or does not have the registry's CA yet. This client does what ``docker login``
does (https://distribution.github.io/distribution/spec/auth/token/). What an account may do beyond that, it finds out
where tokens tell it, as those of Docker Hub do (https://distribution.github.io/distribution/spec/auth/jwt/).
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field

from .registry import HUB_SERVER, api_server, encode

# Seconds that one answer may take.
TIMEOUT = 10
# Seconds in which somebody at an address must show a certificate.
REACH_TIMEOUT = 3
# Bytes of an answer that are read: a token has some thousands.
MOST = 1 << 20
# What engines take for an image's manifest.
MANIFESTS = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "oci.image.index.v1",
        "oci.image.manifest.v1",
        "docker.distribution.manifest.list.v2",
        "docker.distribution.manifest.v2",
    )
)


@dataclass(frozen=True)
class Answer:
    """An answer of a registry or of its server of tokens.

    :ivar challenge: how to log in
    :ivar retry_after: seconds after which to ask again, or a date; ``""`` where it does not say
    """

    url: str
    status: int
    challenge: str = ""
    retry_after: str = ""
    body: bytes = field(default=b"", repr=False)

    @property
    def refusal(self) -> str:
        """Say that it is none that was hoped for, ``""`` for a good one."""
        if self.status < 400:
            return ""
        later = f", which asks to wait for {self.retry_after} s" if self.retry_after.isdecimal() else ""
        words = f"{self.status} {http.client.responses.get(self.status, '')}".strip()
        return f"{words} from {self.url.split('?')[0]}{later}"


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
    server = api_server(server)
    way = choose_proxies(server, proxies or {})
    opener = _opener(way, _context(ca, insecure))
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


def refuse_push(repository: str, credentials: Mapping[str, str], proxies: Mapping[str, str] | None = None) -> str:
    """Say why an account may not push to a repository of Docker Hub, as far as its tokens tell that.

    :param repository: ``"namespace/name"``
    :param credentials: see ``probe``, as for ``proxies``
    :return: ``""`` where it may, and where nothing is told
    """
    try:
        opener = _opener(choose_proxies(HUB_SERVER, proxies or {}), _context("", insecure=False))
        given = _ask_token(opener, f"repository:{repository}:pull,push", credentials)
    except (OSError, ValueError, http.client.HTTPException):
        return ""
    granted = _granted(given.body, repository)
    if given.refusal or granted is None or "push" in granted:
        return given.refusal
    return f"account {credentials['username']} may not push there (it may: {', '.join(sorted(granted)) or 'nothing'})"


def refuse_pull(image: str, credentials: Mapping[str, str] | None, proxies: Mapping[str, str] | None = None) -> str:
    """Say why an image of Docker Hub cannot be pulled; asks for headers alone, which it does not count as a pull.

    :param image: ``"namespace/name:tag"`` or ``"namespace/name@digest"``
    :param credentials: ``None`` for who has no account
    :return: ``""`` where it can, and where nobody could be asked
    """
    repository, _, version = image.partition("@") if "@" in image else image.partition(":")
    url = f"https://{HUB_SERVER}/v2/{repository}/manifests/{version or 'latest'}"
    try:
        opener = _opener(choose_proxies(HUB_SERVER, proxies or {}), _context("", insecure=False))
        given = _ask_token(opener, f"repository:{repository}:pull", credentials)
        refusal = given.refusal or _ask(opener, url, f"Bearer {_token(given.body)}", method="HEAD").refusal
    except (OSError, ValueError, http.client.HTTPException):
        return ""
    return f"{refusal} (account {credentials['username']})" if refusal and credentials else refusal


def _opener(way: Mapping[str, str], context: ssl.SSLContext) -> urllib.request.OpenerDirector:
    handlers = urllib.request.ProxyHandler(dict(way)), urllib.request.HTTPSHandler(context=context)
    return urllib.request.build_opener(*handlers)


def _login(opener: urllib.request.OpenerDirector, url: str, credentials: Mapping[str, str]) -> str:
    """Follow the registry's challenge: its own account file (Basic), or a server that gives tokens (Bearer)."""
    answer = _ask(opener, url)
    if answer.status == 401:
        url = _token_url(answer.challenge, {"account": credentials["username"]}) or url
        answer = _ask(opener, url, f"Basic {encode(credentials)}")
    return answer.refusal


def _ask_token(opener: urllib.request.OpenerDirector, scope: str, credentials: Mapping[str, str] | None) -> Answer:
    """Ask for a token; the answer of the registry itself where that leads to none."""
    answer = _ask(opener, f"https://{HUB_SERVER}/v2/")
    url = _token_url(answer.challenge, {"scope": scope})
    if answer.status != 401 or not url:
        return answer
    return _ask(opener, url, f"Basic {encode(credentials)}" if credentials else "")


def _token_url(challenge: str, query: Mapping[str, str]) -> str:
    """Return where a challenge leads, ``""`` where it is none of tokens."""
    if not challenge.lower().startswith("bearer"):
        return ""
    fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    return f"{fields.get('realm', '')}?{urllib.parse.urlencode({'service': fields.get('service', ''), **query})}"


def _token(body: bytes) -> str:
    """Read a token.

    :raise ValueError: there is none
    """
    given = json.loads(body)
    if not isinstance(given, dict) or not (given.get("token") or given.get("access_token")):
        raise ValueError("no token")
    return str(given.get("token") or given["access_token"])


def _granted(body: bytes, repository: str) -> set[str] | None:
    """Read what a token is good for; ``None`` where it does not tell."""
    try:
        payload = _token(body).split(".")[1]
        access = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["access"] or ()
        return {action for one in access if one["name"] == repository for action in one["actions"] or ()}
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _ask(opener: urllib.request.OpenerDirector, url: str, authorization: str = "", method: str = "GET") -> Answer:
    headers = {"Accept": MANIFESTS} if method == "HEAD" else {}
    request = urllib.request.Request(url, headers=headers, method=method)
    # Where an answer leads to another server, that gets no password.
    if authorization:
        request.add_unredirected_header("Authorization", authorization)
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            return Answer(url, answer.status, body=answer.read(MOST))
    except urllib.error.HTTPError as error:
        with error:
            told = error.headers.get
            return Answer(url, error.code, told("WWW-Authenticate", ""), told("Retry-After", ""))
