"""Every event a provider told us, as it came: what makes a webhook answered 200 a stored one."""

from datetime import datetime, timedelta
from pathlib import Path
from traceback import walk_tb

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    delete,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, defer, mapped_column

from inbox import activity
from inbox.db import Model, db, now
from inbox.errors import Refused

KEPT = timedelta(days=30)
PAGE = 50
# Seconds between the tries of an event that cannot be applied.
TRIES = (5, 30, 120, 600, 3600, 6 * 3600)
STATES = ("applied", "ignored", "waiting", "new", "dead", "dismissed")
UNDONE = ("new", "dead", "dismissed")
HERE = Path(__file__).parent


class WebhookEvent(Model):
    """`state` is new, applied, ignored, waiting (for the message it speaks of), dead (it could not
    be applied) or dismissed (and a person set it aside).

    `source` is how we heard of it: "webhook", or what we asked when none came: "list", "log".
    `error` is why the last try failed, see `cause`.
    """

    __tablename__ = "webhook_event"
    __table_args__ = (
        UniqueConstraint("line_id", "key"),
        Index("ix_webhook_event_state_try_after", "state", "try_after"),
        Index("ix_webhook_event_state_id", "state", "id"),
        Index("ix_webhook_event_received_at_state_line_id", "received_at", "state", "line_id"),
        Index("ix_webhook_event_line_id_provider_id", "line_id", "provider_id"),
        Index(
            "ix_webhook_event_replay_id",
            "replay_id",
            sqlite_where=text("replay_id is not null"),
            postgresql_where=text("replay_id is not null"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("line.id"))
    key: Mapped[str]
    name: Mapped[str]
    provider_id: Mapped[str | None]
    headers: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    source: Mapped[str] = mapped_column(default="webhook", server_default="webhook")
    state: Mapped[str] = mapped_column(default="new")
    error: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    try_after: Mapped[datetime | None]
    received_at: Mapped[datetime] = mapped_column(default=now)
    replay_id: Mapped[int | None] = mapped_column(
        ForeignKey("webhook_replay.id", ondelete="SET NULL")
    )


def postpone(row: WebhookEvent, error: Exception) -> None:
    """It could not be applied: again later; after the last try it is dead and a person's to see."""
    row.error = cause(error)
    if row.attempts >= len(TRIES):
        row.state = "dead"
        activity.record("webhook.dead", line_id=row.line_id)
        return
    row.try_after = now() + timedelta(seconds=TRIES[row.attempts])
    row.attempts += 1


def dismiss(row: WebhookEvent) -> None:
    """A person decided that it need not be applied."""
    if row.state != "dead":
        raise Refused("Only an event that could not be applied can be set aside.")
    row.state = "dismissed"
    activity.record("webhook.dismissed", line_id=row.line_id)


def cause(error: Exception) -> str:
    """What failed and where in our code, without its words: they may hold what somebody wrote."""
    name = type(error).__name__
    places = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    own = [(Path(file), line) for file, line in places if file.startswith(str(HERE))]
    return f"{name} in {own[-1][0].relative_to(HERE)}:{own[-1][1]}" if own else name


def page(
    *,
    state: str | None = None,
    line_id: int | None = None,
    name: str | None = None,
    since: datetime | None = None,
    before: int | None = None,
) -> tuple[list[WebhookEvent], int | None]:
    """The newest events like that, those before the id `before`; and the `before` of the next page.

    Their bodies are not read.
    """
    exact = {"state": state, "line_id": line_id, "name": name}
    query = select(WebhookEvent).filter_by(**{k: v for k, v in exact.items() if v is not None})
    if since is not None:
        query = query.where(WebhookEvent.received_at >= since)
    if before is not None:
        query = query.where(WebhookEvent.id < before)
    query = query.options(defer(WebhookEvent.body), defer(WebhookEvent.headers))
    rows = list(db.session.scalars(query.order_by(WebhookEvent.id.desc()).limit(PAGE + 1)))
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None


def names() -> list[str]:
    """What the latest events are called."""
    latest = select(WebhookEvent.name).order_by(WebhookEvent.id.desc()).limit(5000).subquery()
    return sorted(db.session.scalars(select(latest.c.name).distinct()))


def dead() -> int:
    """How many wait for a person."""
    return db.session.scalar(select(func.count()).where(WebhookEvent.state == "dead")) or 0


def last_heard(line_id: int) -> datetime | None:
    """When the provider last told us anything on this line by itself."""
    told = select(WebhookEvent.received_at).where(
        WebhookEvent.line_id == line_id, WebhookEvent.source == "webhook"
    )
    return db.session.scalar(told.order_by(WebhookEvent.received_at.desc()).limit(1))


def tidy() -> None:
    """Forget what is older than a month; what nobody could apply stays until somebody decides."""
    over = ("applied", "ignored", "waiting", "dismissed")
    old = (WebhookEvent.received_at < now() - KEPT, WebhookEvent.state.in_(over))
    db.session.execute(delete(WebhookEvent).where(*old))
