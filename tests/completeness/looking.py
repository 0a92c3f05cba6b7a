"""Looking into the pretend provider and into what we made of it."""

import secrets
import time
from typing import Any

from sqlalchemy import select

from inbox.db import db
from inbox.messages import Message
from inbox.providers.blooio import Blooio
from inbox.sandbox import Gathering
from inbox.verifications import Verification
from inbox.webhook_events import WebhookEvent

CAROL, DAVE = "+14155550132", "+14155550199"
OURS, OTHER = "+14155550100", "+14155550101"
LOFT = Gathering("grp_loft", "Loft 4B", "iMessage;+;chat1", (CAROL, DAVE))
HOUR = 3_600_000


def ago(hours: float) -> int:
    return int(time.time() * 1000 - hours * HOUR)


def missing(found: Verification) -> tuple[int, int, int]:
    assert found.error is None
    return found.missing_messages, found.missing_reports, found.still_missing


def texts() -> list[str]:
    db.session.rollback()
    found = list(db.session.scalars(select(Message.text).order_by(Message.at, Message.id)))
    db.session.rollback()
    return found


def state(id: str) -> str | None:
    return db.session.scalar(select(Message.status).where(Message.provider_id == id))


def events() -> list[tuple[str, str]]:
    """Name and source of what was kept."""
    rows = select(WebhookEvent.name, WebhookEvent.source).order_by(WebhookEvent.id)
    return [(name, source) for name, source in db.session.execute(rows)]


def from_the_phone(provider, text="From the phone", chat=CAROL) -> str:
    """Somebody writes on the phone itself, past us; gives the provider's id."""
    client = Blooio(provider.url, "bl_test_key")
    key = secrets.token_hex(8)
    sent = client.send(chat, idempotency_key=key, text=text, from_number=OURS)
    return sent.message_ids[0]


def listed(provider, id, chat=CAROL) -> Any:
    found = Blooio(provider.url, "bl_test_key").message(chat, id)
    assert found
    return found


def age(provider, id, hours=1.0) -> None:
    """As if the provider had had this message for that long."""
    provider.box.store.run(
        "UPDATE message SET time_sent = ?,"
        " time_delivered = time_delivered - (time_sent - ?) WHERE message_id = ?",
        ago(hours),
        ago(hours),
        id,
    )


def until(true, patience=5.0) -> None:
    deadline = time.monotonic() + patience
    while not true():
        db.session.rollback()
        assert time.monotonic() < deadline
        time.sleep(0.02)
