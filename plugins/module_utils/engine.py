"""Talk to a Docker Engine over its local socket, with the standard library alone.

Observing a host must work before anything is installed there, so this client needs neither the Docker SDK nor the
``docker`` command. It only reads, but for the lock's swap and jobs, which community.docker lacks; acts go through that.

Source of paths and fields: the Engine API reference, version 1.41 and later (https://docs.docker.com/reference/api/engine/).
"""

from __future__ import annotations

import base64
import io
import json
import socket
import urllib.parse
from collections.abc import Mapping
from typing import Any

from .host import read_text
from .http10 import HttpError, ask
from .registry import login_name

SOCKET_PATH = "/var/run/docker.sock"
# A document of the engine's, and one of its parts that is an object; whoever asks takes out of it what it needs.
Document = Any
Item = Mapping[str, Any]


class EngineError(Exception):
    """The engine answered with an error.

    :ivar status: HTTP status, such as ``404``; ``0`` when the engine could not be reached
    :ivar message: the engine's own words
    """

    def __init__(self, status: int, message: str) -> None:
        """Keep status and message."""
        super().__init__(message)
        self.status = status
        self.message = message


class Engine:
    """Client of one engine.

    :param path: the engine's socket
    :param timeout: seconds that one answer may take; a manager that has just lost its leader answers after 20
    """

    def __init__(self, path: str = SOCKET_PATH, timeout: float = 30) -> None:
        """Remember where the engine listens; connect at the first question."""
        self._path = path
        self._timeout = timeout

    def get(self, path: str, headers: Mapping[str, str] | None = None, **query: object) -> Document:
        """Ask for a JSON document.

        :param path: API path, such as ``"/info"``
        :param query: query parameters; dictionaries and lists are sent as JSON, as ``filters`` takes them
        :raise EngineError: the engine is not there or refuses
        """
        return json.loads(self._request("GET", path, query, headers=headers) or "null")

    def post(self, path: str, content: Item, login: Mapping[str, str] | None = None, **query: object) -> Document:
        """Post a JSON document.

        :param content: the document
        :param login: ``username`` and ``password`` for a registry that nodes pull from
        :return: the engine's answer
        :raise EngineError: the engine is not there or refuses
        """
        body = json.dumps(content).encode()
        return json.loads(self._request("POST", path, query, body=body, headers=_auth(login)) or "null")

    def delete(self, path: str) -> None:
        """Delete what has a path.

        :raise EngineError: the engine is not there or refuses
        """
        self._request("DELETE", path, {})

    def get_logs(self, path: str, lines: int) -> list[str]:
        """Read the last lines of a task's or service's log.

        :param path: ``"/tasks/ID/logs"`` or ``"/services/ID/logs"``
        :param lines: how many lines at most
        :return: oldest first
        """
        raw = self._request("GET", path, {"stdout": "1", "stderr": "1", "tail": str(lines)})
        return demultiplex(raw)[-lines:]

    def get_service_logs(self, service: str, since: float, lines: int | None) -> list[str]:
        """Read the last lines of a service's tasks, each with its time and with details of where it comes from.

        :param since: seconds since 1970
        :param lines: how many of each task at most; all without
        """
        said = {"stdout": "1", "stderr": "1", "timestamps": "1", "details": "1"}
        path = f"/services/{urllib.parse.quote(service)}/logs"
        return demultiplex(self._request("GET", path, {**said, "since": f"{since:.9f}", "tail": str(lines or "all")}))

    def get_file(self, container: str, path: str) -> str:
        """Read a file of a container; no link is followed.

        :param container: its ID
        :return: the file's text, ``""`` for what is no file
        :raise EngineError: there is no such path or container
        """
        import tarfile  # Few runs need it, and each observation would pay for it.

        raw = self._request("GET", f"/containers/{container}/archive", {"path": path})
        with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
            content = archive.extractfile(member) if (member := archive.next()) and member.isreg() else None
            return content.read().decode(errors="replace") if content else ""

    def check_login(self, server: str, credentials: Mapping[str, str]) -> str:
        """Let the engine itself log in to a registry, with its own trust and its own way there.

        :param server: ``"host:port"``
        :param credentials: ``username`` and ``password``
        :return: ``""`` when the registry accepted, else the engine's message
        """
        body = json.dumps(dict(credentials, serveraddress=login_name(server))).encode()
        try:
            self._request("POST", "/auth", {}, body=body)
        except EngineError as error:
            return error.message
        return ""

    def trusts(self, info: Item, server: str, ca: str, insecure: bool) -> bool:
        """Tell whether the engine trusts a registry as the inventory says.

        :param info: its answer to ``GET /info``
        :param server: ``"host:port"``
        :param ca: PEM text of the CA that it must have, or ``""``
        :param insecure: whether it must do without a trusted certificate
        """
        if ca and read_text(f"/etc/docker/certs.d/{server}/ca.crt") != ca:
            return False
        known = info["RegistryConfig"]["IndexConfigs"].get(server, {})
        return bool(insecure == (known.get("Secure") is False))

    def image_digest(self, reference: str, credentials: Mapping[str, str] | None) -> str:
        """Ask the registry, through the engine, for the digest behind a tag.

        :param reference: ``"host:port/name:tag"``
        :param credentials: as in ``check_login``, or ``None``
        :return: ``"sha256:..."``
        :raise EngineError: the registry is out of reach, refuses, or has no such tag
        """
        return str(self.get(f"/distribution/{reference}/json", headers=_auth(credentials))["Descriptor"]["digest"])

    def has_image(self, reference: str) -> bool:
        """Tell whether this engine has an image by a name, wherever it got it from."""
        return bool(self.get("/images/json", filters={"reference": [reference]}))

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, object],
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        encoded = {key: value if isinstance(value, str) else json.dumps(value) for key, value in query.items()}
        target = path + ("?" + urllib.parse.urlencode(encoded) if encoded else "")
        headers = dict(headers or {}, **({"Content-Type": "application/json"} if body else {}))
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(self._timeout)
                connection.connect(self._path)
                status, content = ask(connection, method, target, "localhost", headers, body)
        except (OSError, HttpError) as error:
            raise EngineError(0, f"no answer from {self._path}: {error}") from error
        if status >= 400:
            raise EngineError(status, _message(content))
        return content


def _auth(login: Mapping[str, str] | None) -> dict[str, str]:
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(dict(login)).encode()).decode()} if login else {}


def _message(content: bytes) -> str:
    try:
        return str(json.loads(content)["message"]).strip()
    except (ValueError, KeyError, TypeError):
        return content.decode(errors="replace").strip()


def demultiplex(raw: bytes) -> list[str]:
    """Split the engine's multiplexed log stream into lines.

    Each frame is a header of 8 bytes (stream, three zeros, big-endian length) and its payload; a container with a
    terminal has plain text instead.

    :param raw: as received
    :return: lines without their ends
    """
    if raw[:1] not in (b"\x00", b"\x01", b"\x02") or raw[1:4] != b"\x00\x00\x00":
        return raw.decode(errors="replace").splitlines()
    text = b""
    position = 0
    while position + 8 <= len(raw):
        length = int.from_bytes(raw[position + 4 : position + 8], "big")
        text += raw[position + 8 : position + 8 + length]
        position += 8 + length
    return text.decode(errors="replace").splitlines()


def stored_credentials(config_text: str, server: str) -> dict[str, str] | None:
    """Find the login that ``docker login`` stored for a registry.

    :param config_text: content of a Docker client's ``config.json``; may be broken
    :param server: ``"host:port"``
    :return: ``username`` and ``password``, ``None`` where there is none
    """
    try:
        auth = json.loads(config_text)["auths"][login_name(server)]["auth"]
        username, password = base64.b64decode(auth).decode().split(":", 1)
    except (ValueError, KeyError, TypeError):
        return None
    return {"username": username, "password": password}
