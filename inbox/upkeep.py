"""The net under everything that is asked for at the right moment: once a minute, look again."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from inbox import (
    chat_checks,
    intake,
    jobs,
    media,
    outbox,
    overdue,
    refusals,
    user_sessions,
    verifications,
    verifying,
    webhook_events,
    webhook_replays,
)
from inbox.db import db, now
from inbox.lines import Line


def init_app(app: Flask) -> None:
    """Start the engine, now that every module with a job of its own has been imported."""
    jobs.init_app(app)


@jobs.every_minute
def sweep() -> None:
    """Lost leases, events that could not be applied, sessions that ended, lanes nobody woke."""
    outbox.recover(now())
    intake.retry_new(now())
    intake.apply_forgotten()
    user_sessions.tidy(since=now() - timedelta(minutes=2))
    for noun in (webhook_events, webhook_replays, refusals, verifications):
        noun.tidy()
    db.session.commit()
    for replay_id in webhook_replays.forgotten():
        jobs.ask(webhook_replays.JOB, replay_id)
    overdue.ask(now())
    media.ask_forgotten(now())
    media.tidy()
    chat_checks.ask_about_waiting(now())
    verifying.ask_due(now())
    for line_id in db.session.scalars(select(Line.id)).all():
        jobs.ask("drain", line_id)
