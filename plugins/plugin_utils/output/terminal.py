"""Show what hosts and containers say without letting it steer the terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""Return a text with everything spelled out that a terminal would obey and not show, such as ``\x1b`` for Escape.

    :param text: of any origin; its lines and tabs stay
    """
    return "".join(letter if letter.isprintable() or letter in "\n\t" else _spelled(letter) for letter in text)


def _spelled(letter: str) -> str:
    return letter.encode("unicode_escape").decode()
