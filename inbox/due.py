"""Which messages of a line may leave now, and when the next one may."""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text
from sqlalchemy.orm import aliased

from inbox.db import db
from inbox.messages import Message

# Written out and not bound: only so do the engines see that the index of the due ones serves.
TO_GO = text("message.status in ('queued', 'unknown', 'held')")


def now_at(line_id: int, at: datetime) -> Select[Message]:
    """Due, people before broadcasts, and neither behind one of their conversation that is still to
    go nor beside one that is on its way: what is tried again is older than what left meanwhile."""
    ready = or_(
        and_(Message.status == "queued", Message.send_after.is_(None)), Message.send_after <= at
    )
    query = select(Message).where(TO_GO, Message.line_id == line_id, ready, ~_ahead().exists())
    return query.order_by(Message.priority, Message.id)


def next_at(line_id: int, at: datetime) -> Select[datetime | None]:
    later = (TO_GO, Message.line_id == line_id, Message.send_after > at)
    return select(func.min(Message.send_after)).where(*later)


def next_try(line_id: int, at: datetime) -> datetime | None:
    """When one may leave: `at` when it may now, None when nothing is to go by itself."""
    if db.session.scalar(now_at(line_id, at).with_only_columns(Message.id).limit(1)):
        return at
    return db.session.scalar(next_at(line_id, at))


def under_way(line_id: int) -> bool:
    query = select(Message.id).where(text("message.status = 'sending'"))
    return db.session.scalar(query.where(Message.line_id == line_id).limit(1)) is not None


def waiting(line_ids: list[int]) -> dict[int, int]:
    """How many messages of each line have yet to leave and will by themselves; lines with none are
    not named."""
    query = (
        select(Message.line_id, func.count())
        .where(TO_GO, Message.line_id.in_(line_ids))
        .where(or_(Message.status == "queued", Message.send_after.is_not(None)))
        .group_by(Message.line_id)
    )
    return {id: count for id, count in db.session.execute(query)}  # noqa: C416


def _ahead() -> Select[int]:
    earlier = aliased(Message)
    waits: ColumnElement[bool] = or_(
        earlier.status.in_(("queued", "held")),
        and_(earlier.status == "unknown", earlier.send_after.is_not(None)),
    )
    blocks = or_(and_(earlier.id < Message.id, waits), earlier.status == "sending")
    return select(earlier.id).where(earlier.conversation_id == Message.conversation_id, blocks)
