"""What every answer says to the browser about safety, static files and errors included."""

import secrets

from flask import Flask, Response, g, request

from inbox.config import Settings

POLICY = (
    "default-src 'none'; "
    "script-src 'nonce-{nonce}' 'strict-dynamic'; "
    "style-src 'self'; "
    "img-src 'self' blob: data:; "
    "media-src 'self' blob:; "
    "font-src 'self'; "
    "connect-src 'self'; "
    "manifest-src 'self'; "
    "worker-src 'self'; "
    "form-action 'self'; "
    "base-uri 'none'; "
    "frame-ancestors 'none'; "
    "object-src 'none'"
)
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"
    ),
}
HSTS = "max-age=31536000; includeSubDomains"
FOR_EVER = "public, max-age=31536000, immutable"


def init_app(app: Flask) -> None:
    settings: Settings = app.config["SETTINGS"]
    secure = settings.public.startswith("https:")

    @app.after_request
    def protect(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", POLICY.format(nonce=nonce()))
        for name, value in ALWAYS.items():
            headers.setdefault(name, value)
        if secure:
            headers["Strict-Transport-Security"] = HSTS
        if "request_id" in g:
            headers["X-Request-Id"] = g.request_id
        _cache(response)
        return response


def nonce() -> str:
    """What lets the scripts of this one answer run."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


def _cache(response: Response) -> None:
    """Files whose address changes with their content stay; pages are never kept."""
    if request.endpoint == "static" and response.status_code < 400:
        library = "/vendor/" in request.path and request.path.endswith(".js")
        versioned = library or "v" in request.args
        response.headers["Cache-Control"] = FOR_EVER if versioned else "no-cache"
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
