"""A page that greets, and counts its visits in Redis."""

import os
import socket
from collections.abc import Mapping
from typing import Any

from flask import Flask

from . import health, pages
from .store import Store


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Make the app from the environment.

    :param config: values that win over the environment, for tests
    """
    app = Flask(__name__, static_folder=None)
    app.config.from_mapping(
        NAME=os.environ.get("NAME", "World"),
        REPLICA=socket.gethostname(),
        NODE=os.environ.get("NODE_NAME", ""),
        # The dot at its end: no search domain is tried, each of which would take its time.
        REDIS_HOST=os.environ.get("REDIS_HOST", "redis."),
        REDIS_PORT=int(os.environ.get("REDIS_PORT", "6379")),
        REDIS_USER=os.environ.get("REDIS_USER", "app"),
        REDIS_PASSWORD_FILE=os.environ.get("REDIS_PASSWORD_FILE", "/run/secrets/redis_password"),
    )
    app.config.update(config or {})
    app.extensions["store"] = Store(
        app.config["REDIS_HOST"],
        app.config["REDIS_PORT"],
        app.config["REDIS_USER"],
        app.config["REDIS_PASSWORD_FILE"],
    )
    app.register_blueprint(pages.bp)
    app.register_blueprint(health.bp)
    app.jinja_env.trim_blocks = True
    # Compiled now, so that the first visitor does not wait for it.
    app.jinja_env.get_template("page.html")
    return app
