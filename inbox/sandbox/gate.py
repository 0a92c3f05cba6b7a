"""Who is let in: the key as a bearer, and a path that is percent-encoded. The control page needs no
key, it is for whoever sits at this machine."""

import hmac
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import g, request

from inbox.sandbox import panel
from inbox.sandbox.box import here
from inbox.sandbox.errors import Problem, invalid


def check() -> None:
    if request.path == panel.PATH or request.path.startswith(f"{panel.PATH}/"):
        _check_host()
        if _from_the_panel():
            return
    _check_key()
    _check_path()


def _check_host() -> None:
    """A name of somebody else's that leads to this machine would make their page one of ours."""
    if _loopback(request.remote_addr) and not _loopback(urlsplit(f"//{request.host}").hostname):
        raise Problem(403, "The sandbox is asked for by a name that is not this machine's.")


def _from_the_panel() -> bool:
    """The page itself, or what its script asks. A page of another origin cannot send this header
    without asking us first, and we never say yes."""
    if not _loopback(request.remote_addr):
        return False
    if request.blueprint == panel.bp.name:
        return True
    ours = request.host_url.rstrip("/")
    return (
        request.headers.get(panel.HEADER) == panel.PATH
        and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
        and request.headers.get("Origin", ours) == ours
    )


def _loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


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
