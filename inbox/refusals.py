"""Webhooks we turned away: how many a day and why. What they said is not kept."""

from datetime import datetime, timedelta

from sqlalchemy import UniqueConstraint, delete
from sqlalchemy.orm import Mapped, mapped_column

from inbox.db import Model, db, now

KEPT = timedelta(days=30)


class Refusal(Model):
    """`day` is the UTC date; `line_key` is empty for an address that no line has."""

    __tablename__ = "webhook_refusal"
    __table_args__ = (UniqueConstraint("day", "line_key", "reason"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[str]
    line_key: Mapped[str]
    reason: Mapped[str]
    count: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime] = mapped_column(default=now)


def tidy() -> None:
    db.session.execute(delete(Refusal).where(Refusal.last_at < now() - KEPT))
