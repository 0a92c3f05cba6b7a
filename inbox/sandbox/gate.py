"""Who is let in: the key as a bearer, and a path that is percent-encoded."""

import hmac

from flask import g, request

from inbox.sandbox.box import here
from inbox.sandbox.errors import Problem, invalid


def check() -> None:
    _check_key()
    _check_path()


def _check_key() -> None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not any(_same(key, known) for known in here().options.keys):
        raise Problem(401, "Invalid or missing API key.")
    g.key = key


def _check_path() -> None:
    """A plus in the path becomes a blank on the other side, and the address is no address.
    Frameworks decode %2B before we look, so only the raw target tells."""
    target = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or ""
    if request.path.startswith("/v2/") and "+" in target.partition("?")[0]:
        raise invalid("Invalid request parameters. Is the plus percent-encoded as %2B?")


def _same(key: str, known: str) -> bool:
    return hmac.compare_digest(key.encode(), known.encode())
