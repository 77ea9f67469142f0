"""One question and its answer by HTTP/1.0.

An observation asks some 15 of them, and the standard library's client costs more than the answers: the modules that it
imports, and a parser for e-mail that reads the headers. HTTP/1.0 ends an answer by closing the connection and has no
chunks, so that an answer is its first line and what stands behind the first empty one (RFC 1945).
"""

from __future__ import annotations

import socket
from collections.abc import Mapping

RECEIVED_AT_ONCE = 2**16  # bytes
# Far more than the tasks of the biggest site; a container, and so a file of it, may be as big as its disk.
RECEIVED_AT_MOST = 2**27  # bytes


class HttpError(Exception):
    """What came is no answer in HTTP."""


def ask(
    connection: socket.socket,
    method: str,
    target: str,
    host: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> tuple[int, bytes]:
    """Ask a question over a connection and read the answer to its end.

    :param connection: connected socket; its timeout holds for each wait
    :param method: such as ``"GET"``
    :param target: path with query
    :param host: name for the header ``Host``
    :param headers: further headers
    :return: status and content
    :raise OSError: the connection breaks, or nothing comes within its timeout
    :raise HttpError: the answer is none in HTTP, or too long
    """
    lines = {"Host": host, "Connection": "close", **(headers or {})}
    if body is not None:
        lines["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    connection.sendall(f"{method} {target} HTTP/1.0\r\n{head}\r\n".encode() + (body or b""))
    parts, received = [], 0
    while part := connection.recv(RECEIVED_AT_ONCE):
        parts.append(part)
        received += len(part)
        if received > RECEIVED_AT_MOST:
            raise HttpError(f"an answer of more than {RECEIVED_AT_MOST} bytes to {method} {target[:60]}")
    head_of_answer, separator, content = b"".join(parts).partition(b"\r\n\r\n")
    words = head_of_answer.split(None, 2)
    if not separator or len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise HttpError(f"{head_of_answer[:60]!r} is no answer in HTTP")
    return int(words[1]), content
