"""Read the fingerprints of OpenPGP keys, so that a key can be checked before any host gets it.

Formats: RFC 4880, sections 4.2 (packets), 6.2 (armor) and 12.2 (fingerprints). Strict: what is not plainly a public key
is refused, so that apt cannot find a key there that was not seen here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

ARMOR = re.compile(
    r"\s*-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[A-Za-z]+: .*\r?\n)*\r?\n"
    r"(?P<body>[A-Za-z0-9+/=\s]+?)(?:\n=[A-Za-z0-9+/]{4})?\s*-----END PGP PUBLIC KEY BLOCK-----\s*"
)
KEY = 6
# Signature, user ID, user attribute, subkey: what belongs to a key.
PARTS = (2, 13, 14, 17)


class KeyFormatError(ValueError):
    """A text that is no armored public key; the message says why."""


def fingerprints(text: str) -> list[str]:
    """List the fingerprints of the primary keys in an armored text.

    :param text: ``-----BEGIN PGP PUBLIC KEY BLOCK-----`` and what follows
    :return: list of str, 40 upper-case hexadecimal digits each
    :raise KeyFormatError: it holds something else than one block of version 4 public keys
    """
    match = ARMOR.fullmatch(text)
    if not match:
        raise KeyFormatError("it is not one PGP PUBLIC KEY BLOCK")
    try:
        data = base64.b64decode("".join(match["body"].split()), validate=True)
        return [_fingerprint(body) for tag, body in _packets(data) if tag == KEY]
    except (binascii.Error, IndexError) as error:
        raise KeyFormatError("its PGP PUBLIC KEY BLOCK is damaged") from error


def _fingerprint(body: bytes) -> str:
    if body[0] != 4:
        raise KeyFormatError(f"it has a key of version {body[0]}, known is version 4")
    return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body).hexdigest().upper()


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and body of each packet."""
    position = 0
    while position < len(data):
        tag, position, length = _header(data, position)
        if tag not in (KEY, *PARTS) or position + length > len(data):
            raise KeyFormatError(f"its PGP PUBLIC KEY BLOCK holds more than public keys (packet {tag})")
        yield tag, data[position : position + length]
        position += length


def _header(data: bytes, position: int) -> tuple[int, int, int]:
    """Read a packet's header: its tag, where its body begins, and how long that is."""
    first = data[position]
    if not first & 0x80:
        raise KeyFormatError("its PGP PUBLIC KEY BLOCK is damaged")
    if not first & 0x40:
        size = {0: 1, 1: 2, 2: 4}.get(first & 3)
        if size is None:
            raise KeyFormatError("its PGP PUBLIC KEY BLOCK has a packet without a length")
        begin = position + 1 + size
        return first >> 2 & 0xF, begin, int.from_bytes(data[position + 1 : begin], "big")
    tag, length = first & 0x3F, data[position + 1]
    if length < 192:
        return tag, position + 2, length
    if length < 224:
        return tag, position + 3, ((length - 192) << 8) + data[position + 2] + 192
    if length < 255:
        raise KeyFormatError("its PGP PUBLIC KEY BLOCK has a packet without a length")
    return tag, position + 6, int.from_bytes(data[position + 2 : position + 6], "big")
