"""Write stack files: for people, and for ``docker stack deploy``.

Docker reads YAML by go-yaml, which takes some texts for something else that PyYAML writes without quotes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

TEXT = "tag:yaml.org,2002:str"
# Letters of a line that is not broken: of one for people, and of any.
WIDTH, ANY_WIDTH = 120, 2**31
# What go-yaml resolves to another type though PyYAML does not (its resolve.go): y and n, numbers with an exponent that
# has no sign or follows no dot, with zeros before them, and those of the bases 16, 8 and 2 as Go writes them; in its
# third version dates with a month or day of one digit.
OTHER_IN_GO = re.compile(
    r"[yYnN]"
    r"|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?0(?:[xX][0-9a-fA-F]+|[oO][-+]?[0-7]+|[bB][-+]?[01]+)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
)
# A text that begins otherwise is no number to it; in one that may be, it leaves out underscores.
NUMBER_BEGINS = tuple("+-.0123456789")


def for_people(content: Mapping[str, Any]) -> str:
    """Write a stack file as people do, which Docker reads alike.

    :param content: what it says
    """
    return yaml.dump(content, Dumper=_Plain, sort_keys=False, width=WIDTH)


def for_docker(content: Mapping[str, Any]) -> str:
    """Write a stack file that leaves nothing to be guessed: each text is quoted, and its other letters escaped.

    :param content: what it says
    """
    return yaml.dump(content, Dumper=_Quoted, sort_keys=False, width=ANY_WIDTH)


class _Plain(yaml.SafeDumper):
    """Writes a text of several lines as such, and quotes only what needs it."""


class _Quoted(yaml.SafeDumper):
    """Quotes every text."""


def _represent_plain(dumper: _Plain, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(TEXT, text, style="|" if "\n" in text else "'" if _is_other_in_go(text) else None)


def _represent_quoted(dumper: _Quoted, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(TEXT, text, style='"')


_Plain.add_representer(str, _represent_plain)
_Quoted.add_representer(str, _represent_quoted)


def _is_other_in_go(text: str) -> bool:
    return bool(OTHER_IN_GO.fullmatch(text.replace("_", "") if text.startswith(NUMBER_BEGINS) else text))
