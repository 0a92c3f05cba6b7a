"""What happened, in order: the timeline people read and the cursor open pages catch up from.

Rows are written last in their transaction, under one lock on PostgreSQL, so that their numbers rise
in the order of the commits: a page that has read up to 7 has not missed a 6 that commits later.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, event, func, insert, select, text
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from inbox.db import Model, db, now
from inbox.live import announcer

LOCK = 7_412_001


class Activity(Model):
    __tablename__ = "activity"
    __table_args__ = (
        Index("ix_activity_conversation_id_id", "conversation_id", "id"),
        Index("ix_activity_line_id_id", "line_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    line_id: Mapped[int] = mapped_column(ForeignKey("line.id"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=now)


@dataclass(frozen=True)
class Said:
    """One thing that happened, waiting for its commit."""

    kind: str
    line_id: int
    conversation_id: int | None
    message_id: int | None
    user_id: int | None


def record(
    kind: str,
    *,
    line_id: int,
    conversation_id: int | None = None,
    message_id: int | None = None,
    user_id: int | None = None,
) -> None:
    """With the transaction under way: write a row, and tell the open pages after the commit."""
    said = Said(kind, line_id, conversation_id, message_id, user_id)
    _said(db.session()).append(said)


def latest_id(**where: int) -> int:
    """The cursor of a conversation (`conversation_id=`) or of a line (`line_id=`)."""
    return db.session.scalar(select(func.max(Activity.id)).filter_by(**where)) or 0


def _said(session: Session) -> list[Said]:
    said: list[Said] = session.info.setdefault("said", [])
    return said


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    if session.in_nested_transaction() or not (said := _said(session)):
        return
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    rows: list[dict[str, Any]] = [vars(one) | {"at": now()} for one in said]
    ids = session.scalars(
        insert(Activity).returning(Activity.id, sort_by_parameter_order=True), rows
    ).all()
    session.info["changes"] = [
        announcer.Change(one.line_id, one.conversation_id, id, id)
        for one, id in zip(said, ids, strict=True)
    ]
    said.clear()


@event.listens_for(Session, "after_commit")
def _announce(session: Session) -> None:
    if session.in_nested_transaction():
        return
    session.info.pop("marks", None)
    for change in session.info.pop("changes", []):
        announcer.queue(change)


@event.listens_for(Session, "after_transaction_create")
def _mark(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        session.info.setdefault("marks", []).append((transaction, len(_said(session))))


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    """A rollback forgets what was said in it: all of it, or what came since its savepoint."""
    keep = 0
    if transaction.nested:
        marks = session.info.get("marks", [])
        keep = next((length for mark, length in marks if mark is transaction), 0)
    else:
        session.info.pop("changes", None)
        session.info.pop("marks", None)
    del _said(session)[keep:]
