"""How often a password may be tried: by one address on the network, and for one person.

Nobody is locked out. A person's tries come back one by one, each 15 minutes after it was made.
"""

import hashlib
import math
import time
from ipaddress import ip_address

from flask import Flask, current_app, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits import RateLimitItem, parse

from inbox.config import Settings

BY_IP = parse("10 per 3 minutes")
BY_PERSON = parse("5 per 15 minutes")


def init_app(app: Flask) -> None:
    settings: Settings = app.config["SETTINGS"]
    redis = settings.redis_url.get_secret_value() if settings.redis_url else None
    app.extensions["attempts"] = Limiter(
        get_remote_address, app=app, storage_uri=redis or "memory://", strategy="moving-window"
    )


def wait(email: str) -> int:
    """Count a try. The answer is 0, or the seconds until the next one: then none was counted."""
    limiter = _limiter()
    if not limiter.enabled:
        return 0
    for limit, *key in _counted(email):
        if not limiter.limiter.hit(limit, *key):
            reset = limiter.limiter.get_window_stats(limit, *key).reset_time
            return max(1, math.ceil(reset - time.time()))
    return 0


def forgive(email: str) -> None:
    """They knew it. An office behind one address signs in without waiting; guessing somebody else's
    from there still stops at what one person's address allows.
    """
    for limit, *key in _counted(email):
        _limiter().limiter.clear(limit, *key)


def _counted(email: str) -> list[tuple[RateLimitItem, str, str]]:
    return [(BY_IP, "ip", _network()), (BY_PERSON, "person", _person(email))]


def _limiter() -> Limiter:
    limiter: Limiter = current_app.extensions["attempts"]
    return limiter


def _network() -> str:
    """The address of the asker; of the new kind, everybody has a whole /64."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    return address.exploded[:19] if address.version == 6 else str(address)


def _person(email: str) -> str:
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()
