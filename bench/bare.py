"""A bare WSGI app that imports what the app imports: how soon it serves is what `start_time.py` compares with."""

from collections.abc import Callable
from typing import Any

# Imported for what it costs, not for use.
import flask  # noqa: F401
import redis  # noqa: F401


def app(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer any request."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok\n"]
