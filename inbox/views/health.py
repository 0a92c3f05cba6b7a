"""Whether this process lives, and whether it can do its work: for proxies and supervisors."""

from threading import Thread
from typing import Any, cast

import structlog
from flask import Blueprint, Flask, Response, current_app
from sqlalchemy import text

from inbox import schema
from inbox.db import db

log = structlog.get_logger(__name__)
bp = Blueprint("health", __name__)
PATIENCE = 1.0


@bp.get("/livez")
def live() -> Response:
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
def ready() -> Response:
    """200 when the database takes a write within a second and is as new as we are."""
    problem = _problem()
    if problem is None:
        return Response("ok\n", mimetype="text/plain")
    return Response(f"{problem}\n", 503, {"Retry-After": "5"}, mimetype="text/plain")


def _problem() -> str | None:
    """Asked in a thread of its own, which may be left waiting for the database."""
    found = ["The database does not answer."]
    app = cast(Any, current_app)._get_current_object()
    asking = Thread(target=_ask, args=(app, found), name="readyz", daemon=True)
    asking.start()
    asking.join(PATIENCE)
    return found[-1] or None


def _ask(app: Flask, found: list[str]) -> None:
    with app.app_context():
        try:
            found.append(_wrong())
        except Exception as error:
            log.warning("readyz.failed", error=type(error).__name__)


def _wrong() -> str:
    """Nothing, or what is wrong. The write is rolled back: it only has to be possible."""
    if schema.current() != schema.newest():
        return "The database is not up to date: run inbox migrate."
    db.session.execute(text("update alembic_version set version_num = version_num"))
    db.session.rollback()
    return ""
