"""Webhooks: keep the event, apply it, and only then say yes.

All events waiting at one moment go into one transaction. One that cannot be applied is kept as new
and tried again later; one that the database cannot take at all is refused, so that it comes again.
"""

import hashlib
import json
import threading
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import Flask, current_app
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError

from inbox import effects, lines, webhook_events
from inbox.db import db, locked, now
from inbox.lines import Line
from inbox.messages import Message
from inbox.providers import blooio_events
from inbox.providers.events import Received, SentOutside
from inbox.webhook_events import WebhookEvent

log = structlog.get_logger(__name__)

BATCH = 256
PATIENCE = 10.0
# The same bytes without any id within this time are a redelivery.
SAME_BYTES = timedelta(minutes=15)
KEPT_HEADERS = ("X-Blooio-Event", "X-Blooio-Message-Id", "X-Blooio-Replay", "X-Original-Event-Id")


@dataclass(frozen=True)
class Delivery:
    """One verified webhook: its line, its bytes, and what they say; or what we found by asking,
    with `source` "list" or "log"."""

    line_id: int
    body: bytes
    payload: Mapping[str, Any]
    headers: Mapping[str, str]
    source: str = "webhook"


class Intake:
    """Whoever finds the writer idle writes for everybody who waits."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.waiting: deque[tuple[Delivery, Future[None]]] = deque()
        self.writer = threading.Lock()

    def take(self, *deliveries: Delivery) -> None:
        """Returns once the events are stored for good, in their order; raises when one could not
        be."""
        told: list[tuple[Delivery, Future[None]]] = [(one, Future()) for one in deliveries]
        self.waiting.extend(told)
        for _, done in told:
            self._wait(done)

    def _wait(self, done: Future[None]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not done.done():
            if time.monotonic() > deadline:
                raise TimeoutError("The event could not be stored in time.")
            if self.writer.acquire(timeout=0.05):
                try:
                    self._flush(done)
                finally:
                    self.writer.release()
        done.result()

    def _flush(self, own: Future[None]) -> None:
        """Until ours is written; what came meanwhile is somebody else's turn."""
        while self.waiting and not own.done():
            batch = [self.waiting.popleft() for _ in range(min(BATCH, len(self.waiting)))]
            try:
                self._commit([delivery for delivery, _ in batch])
            except Exception:
                self._one_by_one(batch)
            else:
                for _, done in batch:
                    done.set_result(None)

    def _one_by_one(self, batch: list[tuple[Delivery, Future[None]]]) -> None:
        """One bad event must not cost the others theirs."""
        for delivery, done in batch:
            try:
                self._commit_alone(delivery)
            except Exception as error:
                done.set_exception(error)
            else:
                done.set_result(None)

    def _commit_alone(self, delivery: Delivery) -> None:
        try:
            self._commit([delivery], keep_if_broken=True)
        except IntegrityError:
            # Another process stored the same just now: it is there when we look again.
            self._commit([delivery], keep_if_broken=True)

    def _commit(self, deliveries: list[Delivery], *, keep_if_broken: bool = False) -> None:
        with self.app.app_context():
            for line_id in sorted({delivery.line_id for delivery in deliveries}):
                lines.hold(line_id)
            rows = [row for delivery in deliveries if (row := keep(delivery))]
            try:
                for row in rows:
                    apply(row)
            except (OperationalError, InterfaceError, IntegrityError):
                raise
            except Exception as error:
                if not keep_if_broken:
                    raise
                db.session.rollback()
                _keep_broken(deliveries[0], error)
            db.session.commit()


def init_app(app: Flask) -> None:
    app.extensions["intake"] = Intake(app)


def take(*deliveries: Delivery) -> None:
    intake: Intake = current_app.extensions["intake"]
    intake.take(*deliveries)


def keep(delivery: Delivery) -> WebhookEvent | None:
    """The event as a row, or None when it is already there."""
    listed = delivery.source == "list"
    event = blooio_events.read_event(delivery.payload, delivery.headers, listed=listed)
    key = event.key or _key_of_bytes(delivery)
    known = select(WebhookEvent.id).filter_by(line_id=delivery.line_id, key=key)
    if db.session.scalar(known):
        return None
    row = WebhookEvent(
        line_id=delivery.line_id,
        key=key,
        name=event.name,
        headers=json.dumps({k: v for k, v in delivery.headers.items() if k in KEPT_HEADERS}),
        body=delivery.body,
        source=delivery.source,
    )
    db.session.add(row)
    db.session.flush()
    return row


def apply(row: WebhookEvent) -> None:
    """Do what the event says. Its state tells what became of it."""
    listed = row.source == "list"
    event = blooio_events.read_event(json.loads(row.body), json.loads(row.headers), listed=listed)
    line = db.session.get_one(Line, row.line_id)
    hearing = effects.Hearing(row.received_at, found=row.source != "webhook")
    row.state, row.provider_id = effects.of(event, line, hearing)
    row.error = None
    if isinstance(event.body, Received | SentOutside) and row.provider_id:
        db.session.flush()
        apply_waiting(line.id, [row.provider_id])


def apply_waiting(line_id: int, provider_ids: list[str]) -> None:
    """Reports that came before we knew the message they speak of."""
    query = select(WebhookEvent).where(
        WebhookEvent.line_id == line_id,
        WebhookEvent.provider_id.in_(provider_ids),
        WebhookEvent.state == "waiting",
    )
    for row in db.session.scalars(query.order_by(WebhookEvent.id)).all():
        apply(row)


def apply_forgotten() -> None:
    """The net: reports that wait for a message that is there."""
    there = select(WebhookEvent).where(
        WebhookEvent.state == "waiting",
        WebhookEvent.line_id == Message.line_id,
        WebhookEvent.provider_id == Message.provider_id,
    )
    for row in db.session.scalars(there.limit(BATCH)).all():
        lines.hold(row.line_id)
        apply_waiting(row.line_id, [row.provider_id or ""])
        db.session.commit()
    db.session.rollback()


def retry_new(at: datetime) -> None:
    """Try again what could not be applied; after the last try it is dead and a person's to see."""
    due = or_(WebhookEvent.try_after.is_(None), WebhookEvent.try_after <= at)
    alone = WebhookEvent.replay_id.is_(None)
    query = select(WebhookEvent.id).where(WebhookEvent.state == "new", due, alone).limit(BATCH)
    for id in db.session.scalars(query).all():
        retry(id)


def retry(id: int) -> None:
    """Unless another worker was at it."""
    row = hold(id, "new")
    if row is None:
        db.session.rollback()
        return
    try:
        apply(row)
    except Exception as error:
        db.session.rollback()
        if row := hold(id, "new"):
            _postpone(row, error)
    db.session.commit()


def hold(id: int, *states: str) -> WebhookEvent | None:
    """The event and its line, held until the commit, if it is in one of these states."""
    lines.hold(db.session.get_one(WebhookEvent, id).line_id)
    query = select(WebhookEvent).where(WebhookEvent.id == id, WebhookEvent.state.in_(states))
    return db.session.scalar(locked(query, WebhookEvent))


def _keep_broken(delivery: Delivery, error: Exception) -> None:
    if row := keep(delivery):
        _postpone(row, error)


def _postpone(row: WebhookEvent, error: Exception) -> None:
    webhook_events.postpone(row, error)
    log.error("intake.not_applied", name=row.name, id=row.id, error=row.error, state=row.state)


def _key_of_bytes(delivery: Delivery) -> str:
    """A key for an event without any id: its bytes, and when they first came."""
    digest = hashlib.sha256(delivery.body).hexdigest()
    recent = select(WebhookEvent.key).where(
        WebhookEvent.line_id == delivery.line_id,
        WebhookEvent.key.startswith(f"raw:{digest}:"),
        WebhookEvent.received_at > now() - SAME_BYTES,
    )
    return db.session.scalar(recent) or f"raw:{digest}:{int(now().timestamp())}"
