"""The line that the environment describes: BLOOIO_API_KEY and what goes with it."""

import structlog

from inbox import lines
from inbox.config import Settings
from inbox.db import db
from inbox.errors import ProviderError
from inbox.providers.blooio import Blooio

log = structlog.get_logger(__name__)
KEY = "blooio"


def connect(settings: Settings) -> None:
    """Make the line, or bring it to what the environment says today. Commits."""
    if settings.blooio_api_key is None:
        return
    api_key = settings.blooio_api_key.get_secret_value()
    known = lines.with_key(KEY)
    number = settings.blooio_number or (known.number if known else None)
    number = number or _first_number(settings.blooio_base_url, api_key)
    db.session.rollback()
    lines.put(
        KEY,
        name="Blooio",
        base_url=settings.blooio_base_url,
        api_key=api_key,
        webhook_secrets=settings.webhook_secrets,
        number=number,
        bare_signatures=settings.blooio_bare_signatures == "accept",
    )
    if pretend := lines.with_key("sandbox"):
        pretend.stopped_reason = lines.OFF
    db.session.commit()


def _first_number(base_url: str, api_key: str) -> str | None:
    """Asked outside any transaction. Not knowing it is no reason not to start."""
    db.session.rollback()
    try:
        numbers = Blooio(base_url, api_key).numbers()
    except ProviderError as error:
        log.warning("line.numbers_unknown", kind=error.kind, status=error.status)
        return None
    return next((n.phone_number for n in numbers if n.active is not False), None)
