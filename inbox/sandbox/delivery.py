"""Delivering an event: signed, logged at every attempt, tried six times, replayed by hand."""

import json
from secrets import token_hex
from typing import Any

from inbox.providers.blooio_signature import sign, sign_bare
from inbox.sandbox import webhooks
from inbox.sandbox.box import Box
from inbox.sandbox.errors import missing
from inbox.sandbox.post import Outcome, post
from inbox.sandbox.store import Row

GAPS = (30, 60, 120, 240, 480)
OLD_SECRET = "whsec_old_secret"  # noqa: S105
WRONG_SECRET = "whsec_wrong_secret"  # noqa: S105


def deliver(box: Box, event_id: str) -> None:
    """One attempt, and the next one planned if it failed and some are left."""
    delivery = find(box, event_id)
    webhook = _webhook(box, delivery["webhook_id"])
    if webhook is None or not webhooks.active(box, webhook):
        return
    outcome = _attempt(box, webhook, delivery)
    with box.store.transaction():
        _keep(box, webhook, delivery, outcome)
        if not outcome.good and delivery["attempts"] < len(GAPS):
            gap = GAPS[delivery["attempts"]] * box.options.retry_scale
            box.later(gap, "deliver", event_id=event_id)


def replay(box: Box, webhook: Row, event_id: str) -> tuple[str, Outcome]:
    """Deliver an old event once more, now, as a new event; gives its id and the outcome."""
    original = box.store.row(
        "SELECT * FROM delivery WHERE event_id = ? AND webhook_id = ?",
        event_id,
        webhook["webhook_id"],
    )
    if original is None:
        raise missing("Event")
    copied = {name: original[name] for name in ("webhook_id", "event", "message_id", "body")}
    new_id = f"evt_{token_hex(10)}"
    box.store.add("delivery", event_id=new_id, original_event_id=event_id, **copied)
    delivery = find(box, new_id)
    outcome = _attempt(box, webhook, delivery)
    with box.store.transaction():
        _keep(box, webhook, delivery, outcome)
    return new_id, outcome


def find(box: Box, event_id: str) -> Row:
    row = box.store.row("SELECT * FROM delivery WHERE event_id = ?", event_id)
    if row is None:
        raise missing("Event")
    return row


def _webhook(box: Box, webhook_id: str) -> Row | None:
    return box.store.row("SELECT * FROM webhook WHERE webhook_id = ?", webhook_id)


def _attempt(box: Box, webhook: Row, delivery: Row) -> Outcome:
    body = delivery["body"].encode()
    headers = {
        "Content-Type": "application/json",
        "X-Blooio-Event": delivery["event"],
        "X-Blooio-Message-Id": delivery["message_id"] or "",
        "X-Blooio-Signature": _signature(box, webhook, delivery, body),
    }
    if delivery["original_event_id"] is not None:
        headers["X-Blooio-Replay"] = "true"
        headers["X-Original-Event-Id"] = delivery["original_event_id"]
    return post(webhook["webhook_url"], body, headers, box.options.webhook_timeout)


def _signature(box: Box, webhook: Row, delivery: Row, body: bytes) -> str:
    form, secret, t = box.options.signature, webhook["secret"], box.now() // 1000
    if box.weather.strike("badly_signed"):
        secret = WRONG_SECRET
    if stale := box.weather.strike("stale"):
        t -= int(stale.seconds)
    if form == "bare":
        return sign_bare(body, secret)
    if form == "stale":
        t = delivery["first_t"] or t
        box.store.run("UPDATE delivery SET first_t = ? WHERE event_id = ?", t, delivery["event_id"])
    if form == "two":
        old = sign(body, webhook["old_secret"] or OLD_SECRET, t)
        return f"{old},{sign(body, secret, t).split(',')[1]}"
    return sign(body, secret, t)


def _keep(box: Box, webhook: Row, delivery: Row, outcome: Outcome) -> None:
    now = box.now()
    box.store.add(
        "attempt",
        event_id=delivery["event_id"],
        webhook_id=webhook["webhook_id"],
        webhook_url=webhook["webhook_url"],
        attempted_time=now - outcome.duration_ms,
        response_received_at=now if outcome.status is not None else None,
        response_status=outcome.status,
        response_json=_object(outcome.body),
        duration_ms=outcome.duration_ms,
        error=outcome.error,
    )
    box.store.run(
        "UPDATE delivery SET attempts = attempts + 1 WHERE event_id = ?", delivery["event_id"]
    )
    column = "last_triggered = ?" if outcome.good else "failure_count = failure_count + 1"
    values: list[Any] = [now] if outcome.good else []
    box.store.run(
        f"UPDATE webhook SET {column} WHERE webhook_id = ?",  # noqa: S608
        *values,
        webhook["webhook_id"],
    )


def _object(body: bytes) -> str | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return json.dumps(found) if isinstance(found, dict) else None
