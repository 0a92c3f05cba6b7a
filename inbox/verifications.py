"""Comparisons of what the provider has with what we have: what was missing, and what still is."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, delete
from sqlalchemy.orm import Mapped, mapped_column

from inbox.db import Model, db, now

KEPT = timedelta(days=30)


class Verification(Model):
    """One comparison of a line with its provider.

    `kind` is recent (chats that moved since `since`), all, or asked (by a person). It is under way
    until `ended_at`; with an `error` it did not get through. `missing_messages` and
    `missing_reports` are what it found that we did not have; `still_missing` what was not there
    after it had filled the gaps. `done` counts chats compared, of `chats`.
    """

    __tablename__ = "verification"
    __table_args__ = (Index("ix_verification_line_id_id", "line_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("line.id"))
    kind: Mapped[str]
    since: Mapped[datetime]
    started_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None]
    chats: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    messages: Mapped[int] = mapped_column(default=0)
    missing_messages: Mapped[int] = mapped_column(default=0)
    missing_reports: Mapped[int] = mapped_column(default=0)
    still_missing: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]


def tidy() -> None:
    db.session.execute(delete(Verification).where(Verification.started_at < now() - KEPT))
