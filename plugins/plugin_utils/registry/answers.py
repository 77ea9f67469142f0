"""Say which kind of trouble a registry's answer tells of.

Answers are the words of an engine (Go) or of ``module_utils/registry.py`` (Python); both are sorted by the same table.
"""

from __future__ import annotations

import re

from ...module_utils.registry import LIMITED
from ..model.problem import Code

# What a message means; the first match counts, as Go's words for a failed lookup end in those of the name server.
KINDS = (
    (
        Code.REGISTRY_NAME_UNKNOWN,
        r"lookup |no such host|name or service not known|name resolution|no address associated",
    ),
    (Code.REGISTRY_REFUSED, r"connection refused"),
    (
        Code.REGISTRY_WITHOUT_TLS,
        r"http response to https client|wrong.version.number|record layer failure|packet length too long",
    ),
    (
        Code.REGISTRY_OTHER_NAME,
        r"certificate is (not )?valid for|any ip sans|hostname mismatch|ip address mismatch",
    ),
    (Code.REGISTRY_UNTRUSTED, r"x509|certificate verify failed|tls: "),
    (Code.REGISTRY_LIMITED, LIMITED.pattern),
    (Code.REGISTRY_CREDENTIALS, r"\b40[13]\b|unauthorized|denied|incorrect username or password"),
    (Code.REGISTRY_SILENT, r"timed out|timeout|deadline exceeded|no route to host|unreachable"),
)

# Where modules of community.docker put the engine's words.
OF_ENGINE = re.compile(r'Server Error for \S+ .*?\("(?P<words>.+)"\)')


def engine_words(text: str) -> str:
    """Take the engine's words out of what a module says around them; a text without those stays as it is."""
    found = OF_ENGINE.search(text)
    return found["words"] if found else text


def classify(message: str) -> Code:
    """Say which kind of trouble a message tells of; ``registry-login`` where it is none of the known ones."""
    matching = (code for code, pattern in KINDS if re.search(pattern, message, re.IGNORECASE))
    return next(matching, Code.REGISTRY_LOGIN)
