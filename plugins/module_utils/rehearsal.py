"""Find out what ``docker stack deploy`` would make of a stack file, without making it.

The command itself translates the file, and so as exactly as when it deploys. It talks to a socket of ours in place of
the engine's: what it asks, the engine answers; what it would change is written down, and answered as if it were done.
"""

from __future__ import annotations

import json
import os
import re
import socket
import tempfile
import threading
import urllib.parse
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Callable

from .engine import SOCKET_PATH, Engine
from .observation.rehearsal import Rehearsal

# Runs a command with a text as its input, as ``AnsibleModule.run_command`` does: exit code, output, errors.
Run = Callable[..., "tuple[int, str, str]"]

COMMAND = ("stack", "deploy", "--prune", "--with-registry-auth", "--resolve-image", "always", "--compose-file", "-")
VERSION = re.compile(r"^/v[\d.]+(?=/)")
RECEIVED_AT_ONCE = 2**16  # bytes
# Objects that the deploy would create before it applies the file, which may name them so.
CREATED_BEFORE = ("/secrets", "/configs")


@dataclass(frozen=True)
class Request:
    """What the command asks.

    :ivar path: without the version of the API, with its query
    :ivar head: all lines before the body, as they came
    """

    method: str
    path: str
    head: bytes
    body: bytes


def rehearse(run: Run, drafts: Mapping[str, str], engine_path: str = SOCKET_PATH) -> dict[str, Rehearsal]:
    """Rehearse the deploy of stacks.

    :param drafts: stack files by stack
    :return: by stack
    """
    if not drafts:
        return {}
    names = {str(each["Id"]): str(each["Name"]) for each in Engine(engine_path).get("/networks") or ()}
    return {stack: _rehearse(run, stack, text, names, engine_path) for stack, text in drafts.items()}


def _rehearse(run: Run, stack: str, text: str, networks: Mapping[str, str], engine_path: str) -> Rehearsal:
    with tempfile.TemporaryDirectory() as folder, closing(Stage(f"{folder}/engine.sock", engine_path)) as stage:
        code, _output, errors = run(["docker", "--host", f"unix://{stage.path}", *COMMAND, stack], data=text)
    if code:
        return Rehearsal(error=errors.strip() or f"exit code {code}")
    specs = {str(spec["Name"])[len(stack) + 1 :]: spec for spec in stage.services}
    return Rehearsal(specs=specs, networks=networks)


class Stage:
    """A socket that answers as the engine does, and keeps what is to be changed from it.

    :ivar path: of the socket
    :ivar services: specs of the services that were to be created or changed
    """

    def __init__(self, path: str, engine_path: str) -> None:
        """Begin to answer."""
        self.path = path
        self.services: list[Mapping[str, Any]] = []
        self._engine_path = engine_path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(path)
        os.chmod(path, 0o600)
        self._socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """End it."""
        # A closed socket alone wakes nobody who waits there for a connection.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            request = read_request(connection)
            if request is None:
                return
            if request.method not in ("GET", "HEAD"):
                connection.sendall(self._keep(request))
            elif request.path.partition("?")[0] in CREATED_BEFORE:
                connection.sendall(_answer_of(self._with_created(request.path)))
            else:
                self._pass_on(request, connection)

    def _keep(self, request: Request) -> bytes:
        """Write down what is to be changed, and say that it is."""
        if request.path.startswith("/services/") and request.body:
            self.services.append(json.loads(request.body))
        return _answer_of({"ID": "rehearsed"})

    def _with_created(self, path: str) -> list[Mapping[str, Any]]:
        """List secrets or configs, with those of the asked names that are not there yet."""
        kind, _mark, query = path.partition("?")
        filters = json.loads(dict(urllib.parse.parse_qsl(query)).get("filters", "{}"))
        found = Engine(self._engine_path).get(kind, filters=filters) or []
        missing = {*filters.get("name", ())} - {each["Spec"]["Name"] for each in found}
        return [*found, *({"ID": f"new-{name}", "Spec": {"Name": name}} for name in sorted(missing))]

    def _pass_on(self, request: Request, connection: socket.socket) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as engine:
            engine.connect(self._engine_path)
            engine.sendall(without_reuse(request.head) + request.body)
            while part := engine.recv(RECEIVED_AT_ONCE):
                connection.sendall(part)


def read_request(connection: socket.socket) -> Request | None:
    """Read a request, ``None`` where none comes."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(RECEIVED_AT_ONCE)
        if not part:
            return None
        received += part
    head, _end, body = received.partition(b"\r\n\r\n")
    method, target, _protocol = head.split(b"\r\n", 1)[0].decode().split(" ")
    found = re.search(rb"(?im)^content-length:\s*(\d+)", head)
    while found and len(body) < int(found[1]):
        part = connection.recv(RECEIVED_AT_ONCE)
        if not part:
            return None
        body += part
    return Request(method=method, path=VERSION.sub("", target), head=head, body=body)


def without_reuse(head: bytes) -> bytes:
    """Let the engine close the connection behind its answer."""
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])


def _answer_of(document: object) -> bytes:
    body = json.dumps(document).encode()
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
