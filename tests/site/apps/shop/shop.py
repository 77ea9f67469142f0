"""A shop that takes an order at each visit and keeps the number of orders in Redis."""

import os
from pathlib import Path

import redis
from waitress import serve

SIGN = os.environ["SIGN"]
orders = redis.Redis("orders", password=Path("/run/secrets/orders_password").read_text(), socket_timeout=5)


def shop(environ, start_response):
    """Answer any request: ``/healthz`` without an order."""
    text = "ok" if environ["PATH_INFO"] == "/healthz" else f"{SIGN}: order {orders.incr('orders')}"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]


serve(shop, listen="0.0.0.0:8000")
