"""Blooio's signature on a webhook: is this request from the holder of a secret, and fresh?

`X-Blooio-Signature: t=<unix seconds>,v1=<hex>[,v1=<hex>]`, each v1 the HMAC-SHA256 of `t.body`
with the whole secret, `whsec_` included. The tutorial's bare form is the hex alone, over the body.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence

TOLERANCE = 300
BARE = re.compile(r"[0-9a-fA-F]{64}")
TIME = re.compile(r"[0-9]{1,15}")
MOST = 5


def verify(
    header: str | None, body: bytes, secrets: Sequence[str], *, now: float, bare: bool
) -> str | None:
    """None when the signature is good, else the reason in a word: "no secret", "missing",
    "malformed", "mismatch" or "stale" (good, but not within 300 seconds of `now`).

    `bare` says whether the bare form is taken. It signs only the body, so a captured v1 is also a
    good bare signature of the bytes `t.body`. That is why the caller must, after None, refuse a
    body that is not as a whole one JSON object (400): `t.body` starts with a digit and never is.
    """
    secrets = [secret for secret in secrets if secret]
    if not secrets:
        return "no secret"
    if header is None or not header.strip():
        return "missing"
    header = header.strip()
    if BARE.fullmatch(header):
        if not bare:
            return "malformed"
        return None if _matches([header], body, secrets) else "mismatch"
    return _verify_timed(header, body, secrets, now)


def sign(body: bytes, secret: str, t: int) -> str:
    """The header for a body at `t` seconds."""
    return f"t={t},v1={_mac(_timed(str(t), body), secret)}"


def sign_bare(body: bytes, secret: str) -> str:
    """The header in the tutorial's form."""
    return _mac(body, secret)


def _verify_timed(header: str, body: bytes, secrets: Sequence[str], now: float) -> str | None:
    parsed = _parse(header)
    if parsed is None:
        return "malformed"
    t, signatures = parsed
    if not _matches(signatures, _timed(t, body), secrets):
        return "mismatch"
    return None if abs(now - int(t)) <= TOLERANCE else "stale"


def _parse(header: str) -> tuple[str, list[str]] | None:
    """The time as written and the signatures: exactly one t, one to five v1, other keys ignored."""
    pairs = [item.strip(" \t").partition("=") for item in header.split(",")]
    times = [value for key, _, value in pairs if key == "t"]
    signatures = [value for key, _, value in pairs if key == "v1"]
    if not all(equals for _, equals, _ in pairs) or len(times) != 1:
        return None
    if not TIME.fullmatch(times[0]) or not 1 <= len(signatures) <= MOST:
        return None
    return (times[0], signatures) if all(map(BARE.fullmatch, signatures)) else None


def _matches(signatures: Sequence[str], signed: bytes, secrets: Sequence[str]) -> bool:
    """Compares every signature with every secret, so that the time tells nothing."""
    expected = [_mac(signed, secret).encode() for secret in secrets]
    given = [signature.lower().encode() for signature in signatures]
    return sum(hmac.compare_digest(one, other) for one in expected for other in given) > 0


def _timed(t: str, body: bytes) -> bytes:
    return t.encode() + b"." + body


def _mac(signed: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
