"""Where providers tell us what happened. No session, no form token, no log of content."""

import time

import structlog
from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from inbox import body, intake, lines, tally
from inbox.config import Settings
from inbox.db import reading
from inbox.providers import blooio_signature, wire
from inbox.web import csrf

log = structlog.get_logger(__name__)
bp = Blueprint("webhooks", __name__)
csrf.exempt(bp)

LIMIT = 1024 * 1024


@bp.post("/webhooks/blooio", defaults={"key": None})
@bp.post("/webhooks/blooio/<key>")
def blooio(key: str | None) -> Response:
    key = _environment_key() if key is None else key
    if request.mimetype != "application/json" or request.content_encoding:
        return _refuse(415, key, "not json")
    raw = body.read_limited(request, LIMIT)
    if raw is None:
        return _refuse(413, key, "too large")
    try:
        with reading():
            line_id, reason = _verify(key, raw)
    except SQLAlchemyError:
        return _unavailable()
    if reason or line_id is None:
        return _refuse(401, key, (line_id and reason) or "no line")
    payload = wire.an_object(raw)
    if payload is None:
        return _refuse(400, key, "not an object")
    return _take(intake.Delivery(line_id, raw, payload, dict(request.headers)))


def _verify(key: str, raw: bytes) -> tuple[int | None, str | None]:
    """The line and why its signature is wrong. An unknown line takes the same road."""
    line = lines.with_key(key)
    secrets = line.webhook_secrets if line else []
    reason = blooio_signature.verify(
        request.headers.get("X-Blooio-Signature"),
        raw,
        secrets,
        now=time.time(),
        bare=line.bare_signatures if line else False,
    )
    return (line.id if line else None), reason


def _environment_key() -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return "blooio" if settings.blooio_api_key else "sandbox"


def _take(delivery: intake.Delivery) -> Response:
    try:
        intake.take(delivery)
    except (SQLAlchemyError, TimeoutError):
        log.exception("webhook.not_stored")
        return _unavailable()
    return _answer(200)


def _refuse(status: int, key: str, reason: str) -> Response:
    log.warning("webhook.refused", reason=reason)
    tally.of_app().count(key, reason)
    return _answer(status)


def _answer(status: int) -> Response:
    return Response(status=status)


def _unavailable() -> Response:
    return Response(status=503, headers={"Retry-After": "5"})
