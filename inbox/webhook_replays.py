"""Trying again, at a person's wish, everything that could not be applied for one same cause.

The events themselves are the work: they are new again, and remember the replay that they belong to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from inbox import activity, jobs
from inbox.db import Model, db, now
from inbox.errors import Refused
from inbox.users import User
from inbox.webhook_events import TRIES, WebhookEvent

KEPT = timedelta(days=30)
JOB = "replay_webhooks"


class WebhookReplay(Model):
    """`events` is how many there were when it was asked for."""

    __tablename__ = "webhook_replay"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    error: Mapped[str]
    events: Mapped[int] = mapped_column(default=0)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    asked_at: Mapped[datetime] = mapped_column(default=now)

    user: Mapped[User | None] = relationship(lazy="joined")


@dataclass(frozen=True)
class Cause:
    """Dead events that failed alike: `name` is the event's, `error` what failed."""

    name: str
    error: str
    events: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Progress:
    """Of the `events` of a replay: how many are `to_go`, and what became of the others."""

    events: int
    to_go: int
    applied: int
    ignored: int
    waiting: int

    @property
    def done(self) -> int:
        return self.events - self.to_go

    @property
    def failed(self) -> int:
        return self.done - self.applied - self.ignored - self.waiting


def causes(line_id: int | None = None) -> list[Cause]:
    """Those with most events first."""
    at = WebhookEvent.received_at
    query = select(
        WebhookEvent.name, WebhookEvent.error, func.count(), func.min(at), func.max(at)
    ).where(WebhookEvent.state == "dead")
    if line_id is not None:
        query = query.where(WebhookEvent.line_id == line_id)
    alike = query.group_by(WebhookEvent.name, WebhookEvent.error)
    rows = db.session.execute(alike.order_by(func.count().desc(), WebhookEvent.name)).all()
    return [Cause(name, error or "", count, *times) for name, error, count, *times in rows]


def ask(name: str, error: str, by: User) -> WebhookReplay:
    """All of them are new again, with one try each; a job applies them."""
    replay = WebhookReplay(name=name, error=error, user_id=by.id)
    db.session.add(replay)
    db.session.flush()
    again = {"state": "new", "try_after": None, "attempts": len(TRIES), "replay_id": replay.id}
    replay.events = _decide(name, error, again)
    jobs.ask_after_commit(JOB, replay.id)
    return replay


def dismiss(name: str, error: str) -> int:
    """A person decided that none of them need be applied. How many there were."""
    return _decide(name, error, {"state": "dismissed"})


def _decide(name: str, error: str, values: Mapping[str, Any]) -> int:
    """Those that are dead when it is done: what somebody else decided meanwhile is left alone."""
    alike = (
        WebhookEvent.state == "dead",
        WebhookEvent.name == name,
        WebhookEvent.error == error,
    )
    changed = update(WebhookEvent).where(*alike).values(**values).returning(WebhookEvent.line_id)
    lines = list(db.session.scalars(changed.execution_options(synchronize_session=False)))
    if not lines:
        raise Refused("None of these is left: somebody has decided about them already.")
    for line_id in sorted(set(lines)):
        activity.record("webhook.decided", line_id=line_id)
    return len(lines)


def to_go(replay_id: int, count: int) -> list[int]:
    """The oldest events that it has not come to yet."""
    query = select(WebhookEvent.id).filter_by(replay_id=replay_id, state="new")
    return list(db.session.scalars(query.order_by(WebhookEvent.id).limit(count)))


def progress(replay: WebhookReplay) -> Progress:
    query = (
        select(WebhookEvent.state, func.count())
        .filter_by(replay_id=replay.id)
        .group_by(WebhookEvent.state)
    )
    found = {state: count for state, count in db.session.execute(query)}  # noqa: C416
    states = ("new", "applied", "ignored", "waiting")
    return Progress(replay.events, *(found.get(state, 0) for state in states))


def latest(count: int) -> list[WebhookReplay]:
    """Of the last day, the newest first."""
    query = select(WebhookReplay).where(WebhookReplay.asked_at > now() - timedelta(days=1))
    return list(db.session.scalars(query.order_by(WebhookReplay.id.desc()).limit(count)))


def forgotten() -> list[int]:
    """Those with events to go."""
    query = select(WebhookEvent.replay_id).where(
        WebhookEvent.state == "new", WebhookEvent.replay_id.is_not(None)
    )
    return [id for id in db.session.scalars(query.distinct()) if id]


def tidy() -> None:
    db.session.execute(delete(WebhookReplay).where(WebhookReplay.asked_at < now() - KEPT))
