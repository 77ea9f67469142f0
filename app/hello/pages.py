"""The page that visitors see."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Response, current_app, render_template

from .picture import draw
from .store import CounterDisabled

bp = Blueprint("pages", __name__)

STYLE = (Path(__file__).parent / "templates" / "page.css").read_text()

# The page is complete in itself: nothing may be loaded or run, and only our own style applies.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)


@bp.get("/")
def home() -> str:
    """Count this visit and name the replica that answered.

    Reloading shows Swarm spreading visitors over replicas that share one count.
    """
    config = current_app.config
    page = {
        "style": STYLE,
        "name": config["NAME"],
        "replica": config["REPLICA"],
        "node": config["NODE"],
    }
    try:
        visit = current_app.extensions["store"].count_visit(config["NODE"], config["REPLICA"])
    except CounterDisabled as reason:
        return render_template("page.html", **page, reason=reason)
    picture = draw(visit.spread, config["NODE"], config["REPLICA"])
    return render_template("page.html", **page, visits=visit.number, picture=picture)


@bp.after_app_request
def set_headers(response: Response) -> Response:
    """Keep answers out of caches, where counts go stale, and browsers on the safe side."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
