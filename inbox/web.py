"""What surrounds every request: its id, its transaction, its sender, its answer's headers."""

from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from flask import Flask, abort, current_app, g, request, request_started
from flask_wtf.csrf import CSRFProtect  # type: ignore[import-untyped]
from werkzeug.exceptions import ClientDisconnected, RequestTimeout
from werkzeug.middleware.proxy_fix import ProxyFix

from inbox import attempts, live, user_sessions, web_errors, web_headers, web_templates
from inbox.config import Settings
from inbox.db import db, reading
from inbox.errors import Refused
from inbox.signing_in import identify, role_required, signed_in, viewer

__all__ = ["csrf", "identify", "init_app", "role_required", "signed_in"]

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
FORM_LIMIT = 1024 * 1024 + 1
"""One byte more than a webhook may have: it counts for itself."""
csrf = CSRFProtect()


def init_app(app: Flask) -> None:
    """After `live`: the proxies' headers must be read before it sees a request."""
    settings: Settings = app.config["SETTINGS"]
    app.config.from_mapping(_cookies(settings.public.startswith("https:")))
    app.config["MAX_CONTENT_LENGTH"] = FORM_LIMIT
    app.config.from_mapping(WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_SSL_STRICT=False)
    request_started.connect(_begin, app)
    app.before_request(_receive)
    csrf.init_app(app)
    attempts.init_app(app)
    web_templates.init_app(app)
    web_headers.init_app(app)
    web_errors.init_app(app)
    app.context_processor(_context)
    app.teardown_request(_finish)
    live.who(viewer)
    hops = settings.trusted_proxies
    if hops:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops, x_port=0
        )


def _cookies(https: bool) -> dict[str, Any]:
    return {
        "SESSION_COOKIE_NAME": "__Host-inbox" if https else "inbox",
        "SESSION_COOKIE_SECURE": https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PATH": "/",
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PERMANENT_SESSION_LIFETIME": user_sessions.LONGEST,
    }


def _begin(app: Flask, **more: Any) -> None:
    """Before anything else of a request; `g` may be older than it."""
    for name in list(g):
        g.pop(name)
    g.request_id = uuid4().hex
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    if request.method in SAFE:
        g.reading = reading()
        g.reading.__enter__()


def _finish(error: BaseException | None) -> None:
    """What a request did not commit ends with it."""
    if g.pop("request_id", None):
        structlog.contextvars.unbind_contextvars("request_id")
        db.session.rollback()
    if held := g.pop("reading", None):
        held.__exit__(None, None, None)


def _receive() -> None:
    """Take the whole form before the database is asked, which would wait for it; our own only."""
    if request.method in SAFE:
        return
    if not _from_here():
        abort(403)
    try:
        request.form  # noqa: B018
    except TimeoutError:
        raise RequestTimeout from None
    except OSError:
        raise ClientDisconnected from None
    if any("\0" in value for values in request.form.listvalues() for value in values):
        raise Refused("There is a character in it that cannot be stored. Type it again.")


def _from_here() -> bool:
    """Whether our own page sent this, as the browser tells; what is no browser tells nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc in (request.host, _public_host())


def _public_host() -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return urlsplit(settings.public).netloc


def _context() -> dict[str, Any]:
    return {"me": g.get("user"), "csp_nonce": web_headers.nonce()}
