"""A bare WSGI app that imports what the app imports: how soon it serves is what `start_time.py` compares with."""

from collections.abc import Callable
from typing import Any

import flask  # noqa: F401 # for what its import costs
import redis  # noqa: F401 # for what its import costs


def create_app() -> Callable[..., list[bytes]]:
    """Make it, as the app is made."""
    return app


def app(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer any request."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok\n"]
