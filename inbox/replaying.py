"""Applying an event again because a person wants it, alone or with all that failed alike."""

import time

import structlog

from inbox import activity, intake, jobs, webhook_replays
from inbox.db import db
from inbox.errors import Refused
from inbox.webhook_events import UNDONE, WebhookEvent, cause

log = structlog.get_logger(__name__)

BATCH = 100
# Seconds: a turn, and the rest after it, in which lanes get the worker.
TURN, PAUSE = 3.0, 0.2


def replay(id: int) -> WebhookEvent:
    """Apply it now, once. When that fails, it stays as it is, with the newest reason."""
    row = intake.hold(id, *UNDONE)
    if row is None:
        raise Refused("It has been applied already.")
    was = row.state
    try:
        intake.apply(row)
    except Exception as error:
        db.session.rollback()
        row = intake.hold(id, *UNDONE)
        if row:
            row.error = cause(error)
            log.error("replay.not_applied", name=row.name, id=id, error=row.error)
    if row and was == "dead" and row.state != "dead":
        activity.record("webhook.decided", line_id=row.line_id)
    db.session.commit()
    return db.session.get_one(WebhookEvent, id)


@jobs.job
def replay_webhooks(replay_id: int) -> None:
    """One turn of it. An event whose turn was lost is new, and waits for the next sweep."""
    end = time.monotonic() + TURN
    ids = webhook_replays.to_go(replay_id, BATCH)
    db.session.rollback()
    while ids and time.monotonic() < end:
        intake.retry(ids.pop(0))
        if not ids:
            ids = webhook_replays.to_go(replay_id, BATCH)
            db.session.rollback()
    if ids:
        jobs.ask("replay_webhooks", replay_id, delay=PAUSE)
