"""Every event a provider told us, as it came: what makes a webhook answered 200 a stored one."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, delete
from sqlalchemy.orm import Mapped, mapped_column

from inbox.db import Model, db, now

KEPT = timedelta(days=30)


class WebhookEvent(Model):
    """`state` is new, applied, ignored, waiting (for the message it speaks of) or dead.

    `source` is how we heard of it: "webhook", or what we asked when none came: "list", "log".
    """

    __tablename__ = "webhook_event"
    __table_args__ = (
        UniqueConstraint("line_id", "key"),
        Index("ix_webhook_event_state_try_after", "state", "try_after"),
        Index("ix_webhook_event_state_id", "state", "id"),
        Index("ix_webhook_event_received_at", "received_at"),
        Index("ix_webhook_event_line_id_provider_id", "line_id", "provider_id"),
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


def tidy() -> None:
    """Forget what is older than a month; what nobody could apply stays until somebody decides."""
    over = ("applied", "ignored", "waiting")
    old = (WebhookEvent.received_at < now() - KEPT, WebhookEvent.state.in_(over))
    db.session.execute(delete(WebhookEvent).where(*old))
