"""Health checks, for Swarm and for people."""

from flask import Blueprint, current_app

from .store import CounterDisabled

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> str:
    """Say that this replica serves; it does so without Redis, too."""
    return "ok\n"


@bp.get("/readyz")
def readyz() -> tuple[str, int]:
    """Say whether visits can be counted, with the reason if not."""
    try:
        current_app.extensions["store"].check()
    except CounterDisabled as reason:
        return f"{reason}\n", 503
    return "ok\n", 200
